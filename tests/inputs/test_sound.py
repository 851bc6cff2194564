"""Sound: samples as Python's own writer, SciPy's reader and the format's bytes have them."""

import struct
import wave

import numpy as np
import pytest

from convscope.errors import InputError
from convscope.inputs.sound import decode_sound

RATE = 8000


def written(tmp_path, samples, width):
    """Write whole numbers (x, channel) with Python's own writer."""
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(RATE)
        raw = np.ascontiguousarray(samples.astype("<i4")).view(np.uint8)
        if width == 1:
            file.writeframes((samples + 128).astype(np.uint8).tobytes())
        else:
            file.writeframes(raw.reshape(*samples.shape, 4)[..., :width].tobytes())
    return path


def riff(code, channels, bits, body, *, extra=b"", more=b"", size=None):
    """Put the bytes of a .wav file together by hand."""
    width = channels * bits // 8
    head = struct.pack("<HHIIHH", code, channels, RATE, RATE * width, width, bits) + extra
    parts = b"fmt " + struct.pack("<I", len(head)) + head + more
    parts += b"data" + struct.pack("<I", len(body) if size is None else size) + body
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WAVE" + parts


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(("width", "full"), [(1, 2**7), (2, 2**15), (3, 2**23), (4, 2**31)])
def test_whole_numbers_become_minus_one_to_one(tmp_path, width, full, channels):
    rng = np.random.default_rng(width)
    whole = rng.integers(-full, full, (11, channels))
    whole[0], whole[1] = -full, full - 1
    path = written(tmp_path, whole, width)
    sound = decode_sound(path.read_bytes(), "sound.wav")
    assert sound.rate == RATE and sound.samples.dtype == np.float32
    np.testing.assert_array_equal(sound.samples, (whole / full).astype(np.float32))
    assert sound.samples.min() == -1


@pytest.mark.parametrize("bits", [32, 64])
def test_floating_point_is_as_it_is(bits):
    values = np.array([[0.5, -2.0], [1e-6, 0.25]], f"<f{bits // 8}")
    sound = decode_sound(riff(3, 2, bits, values.tobytes()), "s.wav")
    np.testing.assert_array_equal(sound.samples, values.astype(np.float32))


def test_as_scipy_reads_it(tmp_path):
    wavfile = pytest.importorskip("scipy.io.wavfile", reason="SciPy is not installed")
    path = tmp_path / "f.wav"
    values = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    wavfile.write(path, 44100, values)
    sound = decode_sound(path.read_bytes(), "f.wav")
    assert sound.rate == 44100
    np.testing.assert_array_equal(sound.samples, wavfile.read(path)[1])
    path = written(tmp_path, np.array([[-(2**23)], [5], [2**23 - 1]]), 3)
    theirs = wavfile.read(path)[1].astype(np.float64) / 2**31
    ours = decode_sound(path.read_bytes(), "f.wav").samples[:, 0]
    np.testing.assert_array_equal(ours, theirs.astype(np.float32))


def test_the_extensible_header_and_chunks_that_say_nothing_of_the_sound():
    guid = struct.pack("<HHI", 22, 16, 3) + struct.pack("<H", 1) + bytes(14)
    listed = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    body = np.array([100, -100], "<i2").tobytes()
    sound = decode_sound(riff(0xFFFE, 1, 16, body, extra=guid, more=listed), "s.wav")
    np.testing.assert_array_equal(sound.samples[:, 0], np.array([100, -100]) / np.float32(32768))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_stream_whose_length_was_not_known_goes_to_its_end(size):
    body = np.arange(6, dtype="<i2").tobytes()
    sound = decode_sound(riff(1, 2, 16, body, size=size), "s.wav")
    assert sound.samples.shape == (3, 2)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no .wav file"),
        (b"ID3" + bytes(60), "no .wav file"),
        (riff(1, 1, 16, bytes(8))[:30], "is cut off: 16 bytes"),
        (riff(1, 1, 16, bytes(8), size=800), "cut off: 800 bytes should follow and 8 do"),
        (riff(1, 1, 16, b""), "holds no samples"),
        (riff(85, 1, 16, bytes(8)), r"packed sound \(MP3\): give a .wav of 8, 16, 24 or 32"),
        (riff(7, 1, 8, bytes(8)), r"mu-law"),
        (riff(1, 1, 12, bytes(8)), "1 channels of 12 bits"),
        (riff(1, 0, 16, bytes(8)), "0 channels"),
        (riff(3, 1, 32, np.array([np.nan, 1], "<f4").tobytes()), "1 samples of 2.*nan_to_num"),
    ],
)
def test_what_is_no_sound_is_one_line(data, words):
    with pytest.raises(InputError, match=words) as caught:
        decode_sound(data, "s.wav")
    assert "\n" not in str(caught.value) and "'s.wav'" in str(caught.value)
