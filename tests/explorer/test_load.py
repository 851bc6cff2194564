"""Several clients ask at once over real sockets: no error, and no thread left after them."""

import http.client
import threading
import time

import numpy as np
import pytest

import convscope
from convscope.explorer import Session
from convscope.explorer.frames import decode, encode
from convscope.explorer.server import Server
from convscope.inputs.images import Image

from .models import digits

CLIENTS, ROUNDS = 6, 4


@pytest.fixture
def server():
    """Serve a small network with room for two or three runs, so that others are forgotten."""
    pixels = np.random.default_rng(3).integers(0, 256, (4, 12, 10, 1), np.uint8)
    images = [Image(one, f"noise {place}") for place, one in enumerate(pixels)]
    session = Session(convscope.open(digits()), images, bytes_kept=20_000)
    server = Server(session, port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(30)
    assert not thread.is_alive()


class Client:
    """One page: a connection of its own, one question after the other."""

    def __init__(self, server, number):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.token = server.address.partition("token=")[2]
        self.number = number
        self.wrong = []

    def ask(self, *buffers, **message):
        while True:
            body, headers = encode(message, buffers), {"X-Convscope-Token": self.token}
            self.connection.request("POST", "/answer", body, headers)
            reply, _ = decode(self.connection.getresponse().read())
            if reply.get("code") != "busy":
                break
        if reply["type"] == "error" and reply["code"] != "gone":
            self.wrong.append(reply)
        return reply

    def look(self):
        try:
            for place in range(ROUNDS):
                self.image(place)
        except Exception as error:
            self.wrong.append(error)
        finally:
            self.connection.close()

    def image(self, place):
        image = (self.number + place) % 4
        run = self.ask(type="run", image=image)["run"]
        own = np.full((12, 10), 20 * self.number + place, np.uint8).tobytes()
        self.ask(own, type="run", image={"pixels": [12, 10, 1], "name": "mine"})
        self.ask(type="run", image=image, mute={"conv": [self.number % 5]})
        self.ask(type="layer", run=run, layer="conv")
        self.ask(type="sheet", run=run, tile=8)
        self.ask(type="books", run=run, target=place % 3)
        self.ask(type="channel", run=run, layer="conv", channel=0)


def test_clients_ask_at_once(server):
    first = Client(server, 0)
    first.look()
    threads = threading.active_count()
    clients = [Client(server, number) for number in range(CLIENTS)]
    asking = [threading.Thread(target=client.look) for client in clients]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert [one for client in (first, *clients) for one in client.wrong] == []
    # Those of the pool that answers, at most eight, end when they are idle or the server does.
    assert threading.active_count() <= threads + 8
    server.stop()
    until = time.monotonic() + 30
    while any("AnyIO" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)
