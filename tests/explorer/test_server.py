"""The server in a thread of its own, asked over real sockets."""

import http.client
import re
import socket
import struct
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from convscope.errors import InputError, SelectionError
from convscope.explorer.assets import WEB, find_assets
from convscope.explorer.frames import decode, encode
from convscope.explorer.guard import Names
from convscope.explorer.listening import listen
from convscope.explorer.server import Server

PAGE = b"<!doctype html><title>convscope</title><script type=module src=main.js></script>"
LARGEST = 24 << 20


class StandIn:
    """Answers as a session does; `hold` keeps it until `release`."""

    def __init__(self):
        self.release = threading.Event()
        self.held = threading.Semaphore(0)
        self.ended = 0

    def answer(self, message, buffers):
        kind = message.get("type")
        if kind == "hold":
            self.held.release()
            assert self.release.wait(30)
            self.ended += 1
        if kind == "refuse":
            raise InputError("that is no image: give another")
        if kind == "break":
            raise ZeroDivisionError("oh")
        if kind == "unencodable":
            return {"value": object()}, []
        return {"id": message.get("id"), "type": kind, "sizes": list(map(len, buffers))}, [*buffers]


class Served:
    """A running server and how to ask it."""

    def __init__(self, session, server):
        self.session = session
        self.server = server
        self.token = server.address.partition("token=")[2]
        self.thread = threading.Thread(target=server.run)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)

    def ask(self, method, path, body=None, headers=()):
        """Ask once; give status, headers and body."""
        connection = self.connect()
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def send(self, message, *buffers, **headers):
        """Send a message; give status, reply and buffers."""
        return self.post(encode(message, buffers), **headers)

    def post(self, body, **headers):
        given = {"X-Convscope-Token": self.token, **headers}
        status, answered, frame = self.ask("POST", "/answer", body, given)
        assert answered["content-type"] == "application/octet-stream"
        return status, *decode(frame)

    def has_room(self):
        """Wait until a place is free."""
        for _ in range(600):
            if self.send({"type": "echo"})[0] == 200:
                return True
            time.sleep(0.05)
        return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    web = tmp_path_factory.mktemp("site") / "web"
    (web / "panels").mkdir(parents=True)
    (web / "index.html").write_bytes(PAGE)
    (web / "main.js").write_bytes(b"export default 1;")
    (web / "style.css").write_bytes(b"body{}")
    (web / "panels" / "sheet.js").write_bytes(b"export const a = 1;")
    (web / "jsconfig.json").write_bytes(b"{}")
    (web / "notes.txt").write_bytes(b"secret")
    (web.parent / "secret.js").write_bytes(b"secret")
    return web


@contextmanager
def serving(folder, host="127.0.0.1"):
    """Run a server; when it has ended, its threads are gone and its port is free."""
    before = set(threading.enumerate())
    session = StandIn()
    one = Served(session, Server(session, host=host, port=0, folder=folder))
    one.thread.start()
    try:
        yield one
    finally:
        session.release.set()
        one.server.stop()
        one.thread.join(30)
    assert not one.thread.is_alive()
    address = (host, one.server.port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    socket.create_server(address, family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before


@pytest.fixture(scope="module")
def served(folder):
    with serving(folder) as one:
        yield one


@pytest.fixture
def own(folder):
    """Give a server of the test's own, to be filled with messages."""
    with serving(folder) as one:
        yield one


def page(served):
    return urlsplit(served.server.address)._replace(scheme="", netloc="").geturl()


def test_the_page_its_files_and_an_answer(served):
    assert len(served.token) >= 32
    assert served.server.address == f"http://127.0.0.1:{served.server.port}/?token={served.token}"
    status, headers, body = served.ask("GET", page(served))
    assert (status, body) == (200, PAGE)
    assert headers["content-type"] == "text/html; charset=utf-8"
    status, headers, body = served.ask("GET", "/main.js")
    assert (status, body) == (200, b"export default 1;")
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert served.ask("GET", "/style.css")[1]["content-type"] == "text/css; charset=utf-8"
    assert served.ask("GET", "/panels/sheet.js")[0] == 200
    status, reply, buffers = served.send({"id": 5, "type": "echo"}, b"abc", b"")
    assert (status, reply) == (200, {"id": 5, "type": "echo", "sizes": [3, 0]})
    assert buffers == [b"abc", b""]


def test_head_has_the_headers_alone(served):
    for path in (page(served), "/main.js"):
        got = served.ask("GET", path)
        head = served.ask("HEAD", path)
        assert (head[0], head[2]) == (200, b"")
        assert head[1]["content-length"] == str(len(got[2]))
        assert head[1]["content-type"] == got[1]["content-type"]


def test_each_server_has_a_token_of_its_own(folder):
    tokens = set()
    for _ in range(3):
        server = Server(StandIn(), port=0, folder=folder)
        server.stop()
        server.run()
        tokens.add(server.address.partition("=")[2])
    assert len(tokens) == 3


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=x", "?Token={}", "?token={}x", "?token=%FF%00", "?token=é"]
)
def test_no_page_without_the_token(served, query):
    path = "/" + query.format(served.token).encode().decode("latin-1")
    connection = socket.create_connection(("127.0.0.1", served.server.port))
    with connection:
        host = f"127.0.0.1:{served.server.port}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answered = connection.makefile("rb").read()
    if not path.isascii():
        assert answered.startswith(b"HTTP/1.1 400 ")
        return
    assert answered.startswith(b"HTTP/1.1 403 ")
    assert b"open the whole address that it printed" in answered
    assert b"<" not in answered.partition(b"\r\n\r\n")[2]
    assert served.token.encode() not in answered


@pytest.mark.parametrize("token", [None, "", "x", "é"])
def test_no_answer_without_the_token(served, token):
    headers = {} if token is None else {"X-Convscope-Token": token.encode("utf-8")}
    frame = encode({"id": 1, "type": "echo"})
    # Neither the address nor a cookie opens what only the page's own script can send.
    headers |= {"Cookie": f"token={served.token}"}
    path = f"/answer?token={served.token}"
    status, _, answered = served.ask("POST", path, frame, headers)
    reply, _ = decode(answered)
    assert status == 403
    assert (reply["type"], reply["code"]) == ("error", "refused")
    assert "address that it printed" in reply["message"]


def test_what_every_response_says(served):
    port = served.server.port
    responses = [
        served.ask("GET", page(served)),
        served.ask("GET", "/"),
        served.ask("GET", "/main.js"),
        served.ask("GET", "/nothing.js"),
        served.ask("PUT", "/answer"),
        served.ask("POST", "/answer"),
        served.ask("POST", "/answer", b"", {"X-Convscope-Token": served.token}),
        served.ask("GET", page(served), None, {"Host": f"evil.example:{port}"}),
    ]
    for _, headers, _ in responses:
        policy = dict(
            part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers and "set-cookie" not in headers


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:{port}", True),
        ("localhost:{port}", True),
        ("LocalHost:{port}", True),
        ("[::1]:{port}", True),
        ("evil.example:{port}", False),
        ("evil.example", False),
        ("127.0.0.1", False),
        ("127.0.0.1:1", False),
        ("127.0.0.1:", False),
        ("127.0.0.1:0{port}x", False),
        ("127.0.0.1.evil.example:{port}", False),
        ("localhost.evil.example:{port}", False),
        ("evil.example@127.0.0.1:{port}", False),
        ("127.0.0.2:{port}", False),
        ("192.168.0.1:{port}", False),
        ("", False),
    ],
)
def test_only_under_its_own_names(served, host, allowed):
    """DNS rebinding: the page of another name, made to mean this machine, is turned away."""
    host = host.format(port=served.server.port)
    expected = 200 if allowed else 403
    frame = encode({"type": "echo"})
    headers = {"Host": host, "X-Convscope-Token": served.token}
    assert served.ask("GET", page(served), None, {"Host": host})[0] == expected
    assert served.ask("GET", "/main.js", None, {"Host": host})[0] == expected
    status, _, body = served.ask("POST", "/answer", frame, headers)
    assert status == expected
    assert served.token.encode() not in body


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:{port}", True),
        ("http://localhost:{port}", True),
        ("http://[::1]:{port}", True),
        ("https://127.0.0.1:{port}", False),
        ("http://127.0.0.1:1", False),
        ("http://evil.example", False),
        ("http://evil.example:{port}", False),
        ("http://127.0.0.1:{port}.evil.example", False),
        ("http://127.0.0.1:{port}/", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_for_its_own_pages(served, origin, allowed):
    origin = origin.format(port=served.server.port)
    expected = 200 if allowed else 403
    headers = {"Origin": origin, "X-Convscope-Token": served.token}
    status, answered, _ = served.ask("POST", "/answer", encode({"type": "echo"}), headers)
    assert status == expected
    assert "access-control-allow-origin" not in answered
    assert served.ask("GET", page(served), None, {"Origin": origin})[0] == expected


@pytest.mark.parametrize(("authority", "own"), [
    ("127.0.0.1", True), ("localhost:80", True), ("[::1]", True), ("[::1]:80", True),
    ("evil.example", False), ("::1", False), ("127.0.0.1:8080", False), ("[::1", False),
    (":80", False), ("localhost:٨٠", False), ("localhost:080000", False),
])  # fmt: skip
def test_the_port_that_goes_without_saying(authority, own):
    assert (authority in Names("127.0.0.1", 80)) is own


def test_two_hosts_or_none_are_no_host(served):
    own = f"127.0.0.1:{served.server.port}"
    for lines in (f"Host: {own}\r\nHost: {own}\r\n", "", f"Host: {own}\r\nHost: evil.example\r\n"):
        for version in ("1.0", "1.1"):
            with socket.create_connection(("127.0.0.1", served.server.port)) as connection:
                request = f"GET {page(served)} HTTP/{version}\r\n{lines}\r\n"
                connection.sendall(request.encode())
                connection.shutdown(socket.SHUT_WR)
                status = connection.makefile("rb").read().split(b" ")[1]
            assert status in {b"400", b"403"}


@pytest.mark.parametrize(
    "path",
    [
        "/index.html", "/jsconfig.json", "/notes.txt", "/panels", "/panels/", "/nothing.js",
        "/../secret.js", "/%2e%2e/secret.js", "/..%2fsecret.js", "/%2e%2e%2fsecret.js",
        "/panels/../main.js", "/./main.js", "//main.js", "/panels//sheet.js", "/main.js/",
        "/main.js%00", "/%00", "/..\\secret.js", "/..%5csecret.js", "/etc/passwd", "//etc/passwd",
        "/%252e%252e/secret.js", "/MAIN.JS", "/main.js;a", "/%ff%fe", "/http://evil.example/",
    ],
)  # fmt: skip
def test_no_path_leaves_the_list(served, path):
    for query in ("", f"?token={served.token}"):
        status, headers, body = served.ask("GET", path + query)
        assert (status, body) == (404, b"There is no such file.\n")
        assert "location" not in headers


def test_a_file_that_came_later_is_not_served(served, folder):
    (folder / "late.js").write_bytes(b"late")
    assert served.ask("GET", "/late.js")[0] == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"), ("PUT", "/"), ("DELETE", "/main.js"), ("POST", "/main.js"),
        ("OPTIONS", "/answer"), ("PUT", "/answer"), ("TRACE", "/"), ("PATCH", "/answer"),
        ("CONNECT", "/"), ("BREW", "/"),
    ],
)  # fmt: skip
def test_no_other_methods(served, method, path):
    headers = {"X-Convscope-Token": served.token, "Access-Control-Request-Method": "POST"}
    status, answered, _ = served.ask(method, f"{path}?token={served.token}", None, headers)
    assert status == 405
    assert "access-control-allow-methods" not in answered


def test_answers_are_not_got(served):
    headers = {"X-Convscope-Token": served.token}
    assert served.ask("GET", "/answer", None, headers)[0] in {404, 405}


@pytest.mark.parametrize(
    "frame", [b"", b"\x00", b"\xff" * 40, encode({"id": 1}, [b"abc"])[:-1], b'{"type":"network"}']
)
def test_what_is_no_frame_gets_an_error_and_the_server_lives_on(served, frame):
    status, reply, buffers = served.post(frame)
    assert (status, reply["type"], reply["code"]) == (400, "error", "not-understood")
    assert reply["message"] and buffers == []
    assert served.send({"id": 2, "type": "echo"})[0] == 200


def test_errors_of_the_session_are_frames_too(served):
    status, reply, _ = served.send({"id": 3, "type": "refuse"})
    assert (status, reply["id"], reply["code"]) == (200, 3, "refused")
    assert reply["message"] == "that is no image: give another"
    for kind in ("break", "unencodable"):
        status, reply, _ = served.send({"id": 4, "type": kind})
        assert (status, reply["id"], reply["code"]) == (500, 4, "internal")
    assert served.send({"type": "echo"})[0] == 200


def test_as_much_as_is_taken_and_no_byte_more(served):
    overhead = len(encode({"type": "echo"}, [bytes(LARGEST)])) - LARGEST
    status, reply, buffers = served.send({"type": "echo"}, bytes(LARGEST - overhead))
    assert status == 200 and reply["sizes"] == [LARGEST - overhead] == [len(buffers[0])]
    status, reply, _ = served.send({"type": "echo"}, bytes(LARGEST - overhead + 1))
    assert (status, reply["code"]) == (413, "too-large")
    assert "24 MB" in reply["message"]


def test_a_body_without_a_length_is_counted_while_it_comes(served):
    def chunks():
        for _ in range(30):
            yield bytes(1 << 20)

    status, reply, _ = served.post(chunks())
    assert (status, reply["code"]) == (413, "too-large")
    assert served.send({"type": "echo"})[0] == 200


def test_a_length_that_is_too_large_is_refused_before_anything_comes(served):
    with socket.create_connection(("127.0.0.1", served.server.port)) as connection:
        connection.sendall(
            f"POST /answer HTTP/1.1\r\nHost: 127.0.0.1:{served.server.port}\r\n"
            f"X-Convscope-Token: {served.token}\r\nContent-Length: {LARGEST + 1}\r\n\r\n".encode()
        )
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 413
        assert decode(response.read())[0]["code"] == "too-large"


def held(served, count):
    """Send messages that are kept until they are released; give their connections."""
    connections = []
    for _ in range(count):
        connection = served.connect()
        frame = encode({"id": 9, "type": "hold"})
        connection.request("POST", "/answer", frame, {"X-Convscope-Token": served.token})
        connections.append(connection)
    for _ in range(count):
        assert served.session.held.acquire(timeout=30)
    return connections


def test_eight_at_once_and_the_ninth_hears_so(own):
    connections = held(own, 8)
    status, reply, _ = own.send({"type": "echo"})
    assert (status, reply["type"], reply["code"]) == (503, "error", "busy")
    # The page itself does not wait for the network.
    assert own.ask("GET", page(own))[0] == 200
    own.session.release.set()
    for connection in connections:
        response = connection.getresponse()
        assert response.status == 200 and decode(response.read())[0]["id"] == 9
        connection.close()
    assert own.send({"type": "echo"})[0] == 200


def test_clients_that_vanish_leave_no_place_taken(own):
    for connection in held(own, 8):
        connection.close()
    # Their threads still run, so their places are not free.
    assert own.send({"type": "echo"})[0] == 503
    own.session.release.set()
    assert own.has_room()
    assert own.session.ended == 8
    own.session.release.clear()
    for connection in held(own, 8):
        connection.close()
    assert own.send({"type": "echo"})[0] == 503


def test_clients_that_vanish_while_they_send_leave_no_place_taken(own):
    head = (
        f"POST /answer HTTP/1.1\r\nHost: 127.0.0.1:{own.server.port}\r\n"
        f"X-Convscope-Token: {own.token}\r\nContent-Length: 1000000\r\n\r\n"
    ).encode()
    connections = []
    for _ in range(8):
        connection = socket.create_connection(("127.0.0.1", own.server.port))
        connection.sendall(head + bytes(1000))
        connections.append(connection)
    while own.send({"type": "echo"})[0] == 200:
        time.sleep(0.02)
    for place, connection in enumerate(connections):
        if place % 2:
            # A reset, as a process that is killed leaves it.
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()
    assert own.has_room()
    assert len(held(own, 8)) == 8


def test_a_sender_that_falls_silent_is_not_waited_for(served, monkeypatch):
    monkeypatch.setattr("convscope.explorer.application._PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", served.server.port)) as connection:
        connection.sendall(
            f"POST /answer HTTP/1.1\r\nHost: 127.0.0.1:{served.server.port}\r\n"
            f"X-Convscope-Token: {served.token}\r\nContent-Length: 1000\r\n\r\nabc".encode()
        )
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 408
        assert decode(response.read())[0]["type"] == "error"


def test_garbage_on_the_socket_does_no_harm(served, capfd):
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\r\n" * 10, b"A" * 100_000):
        with socket.create_connection(("127.0.0.1", served.server.port)) as connection:
            connection.sendall(garbage)
    assert served.send({"type": "echo"})[0] == 200
    assert capfd.readouterr() == ("", "")


def test_a_websocket_is_not_opened(served):
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    assert served.ask("GET", page(served), None, headers)[0] != 101


def test_one_connection_carries_many_messages(served):
    connection = served.connect()
    for place in range(20):
        frame = encode({"id": place, "type": "echo"}, [bytes(place)])
        headers = {"X-Convscope-Token": served.token}
        connection.request("POST", "/answer", frame, headers)
        reply, buffers = decode(connection.getresponse().read())
        assert reply["id"] == place and buffers == [bytes(place)]
    connection.close()


def test_it_ends_when_the_message_that_is_being_answered_is_answered(own):
    (connection,) = held(own, 1)
    own.server.stop()
    own.session.release.set()
    response = connection.getresponse()
    assert response.status == 200 and decode(response.read())[0]["id"] == 9
    connection.close()
    own.thread.join(30)
    assert not own.thread.is_alive()


def test_it_ends_without_waiting_for_an_answer_that_does_not_come(folder, monkeypatch):
    monkeypatch.setattr("convscope.explorer.server._GRACE", 0.2)
    with serving(folder) as one:
        (connection,) = held(one, 1)
        one.server.stop()
        one.thread.join(30)
        assert not one.thread.is_alive() and one.session.ended == 0
        connection.close()
    assert one.session.ended == 1


def test_the_next_port_where_one_is_taken(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Server(StandIn(), port=port, folder=folder)
        server.stop()
        server.run()
    assert port < server.port <= port + 100


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 300, "\udc80"])
def test_a_host_that_is_not_this_machine(folder, host):
    with pytest.raises(SelectionError, match=r"no address of this machine: give 127\.0\.0\.1"):
        Server(StandIn(), host=host, port=0, folder=folder)


def test_on_all_addresses_every_number_is_its_own_and_no_foreign_name(folder):
    with serving(folder, "0.0.0.0") as one:
        port = one.server.port
        assert one.server.address.startswith(f"http://127.0.0.1:{port}/?token=")
        for host, status in {
            f"192.168.0.7:{port}": 200,
            f"[fe80::1]:{port}": 200,
            f"{socket.gethostname()}:{port}": 200,
            f"evil.example:{port}": 403,
            f"192.168.0.7.evil.example:{port}": 403,
            f"192.168.0.7:{port + 1}": 403,
        }.items():
            assert one.ask("GET", page(one), None, {"Host": host})[0] == status, host


def test_an_ipv6_address(folder):
    try:
        listen("::1", 0).close()
    except SelectionError:
        pytest.skip("this machine has no ::1")
    with serving(folder, "::1") as one:
        assert one.server.address.startswith(f"http://[::1]:{one.server.port}/")
        connection = http.client.HTTPConnection("::1", one.server.port, timeout=30)
        connection.request("GET", page(one))
        assert connection.getresponse().read() == PAGE
        connection.close()


def test_answers_are_not_held_back_for_more():
    """asyncio sends at once only on sockets whose protocol is named."""
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_the_page_refers_only_to_files_that_are_served():
    names = find_assets()
    page = (WEB / "index.html").read_text()
    found = re.findall(r'(?:href|src)="([^":]+)"', page)
    assert "main.js" in found
    for name in names:
        if name.endswith(".js"):
            found += re.findall(r'^import .* from "\./([^"]+)";', (WEB / name).read_text(), re.M)
    assert len(found) > 10 and set(found) <= set(names)
    # What the policy of the page forbids would do nothing, silently.
    assert not re.search(r"<style|\bstyle=|\bon\w+=|<script(?![^>]*\bsrc=)", page)
