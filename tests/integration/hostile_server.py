# SPDX-License-Identifier: Apache-2.0
"""A web server for a folder that can be told to misbehave on single paths."""
import http.server
import pathlib
import socket
import threading
import urllib.parse


class Server(http.server.ThreadingHTTPServer):
    """Serves `folder` on a loopback port of the kernel's choice while it is used as a context manager.

    `tricks` maps a path to a function that answers a request for it with the handler it is given. Requests are noted
    as (path, value of the Range header), connections are counted.
    """
    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = pathlib.Path(folder)
        self.tricks = {}
        self.requests = []
        self.connections = 0
        self.honours_ranges = True
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def get_request(self):
        self.connections += 1
        return super().get_request()

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what many tests are about

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        self.server.tricks.get(self.path, serve_file)(self)

    def answer(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def file_bytes(self):
        """Bytes of the file that is asked for, or None."""
        path = self.server.folder / urllib.parse.unquote(self.path).lstrip("/")
        return path.read_bytes() if path.is_file() else None


def serve_file(handler):
    body = handler.file_bytes()
    wanted = handler.headers.get("Range")
    if body is None:
        handler.answer(404, b"no such file\n")
    elif wanted is None or not handler.server.honours_ranges:
        handler.answer(200, body)
    else:
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if first >= len(body):
            handler.answer(416, b"")
        else:
            span = f"bytes {first}-{len(body) - 1}/{len(body)}"
            handler.answer(206, body[first:], [("Content-Range", span)])


# Tricks.

def status(code, body=b""):
    return lambda handler: handler.answer(code, body)


def redirect(to):
    return lambda handler: handler.answer(302, b"", [("Location", to)])


def hang(handler):
    """Takes the request and says nothing."""
    handler.server.stopping.wait()
    handler.close_connection = True


def drip(handler):
    """One byte a second."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.stopping.wait(1):
        handler.wfile.write(b"{")
        handler.wfile.flush()


def endless(handler):
    """White space for ever, which is valid before a JSON document."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    while not handler.server.stopping.is_set():
        handler.wfile.write(b" " * 65536)


def endless_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    handler.close_connection = True
    while not handler.server.stopping.is_set():
        handler.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")


def cut_after(count):
    """Promises the whole file, sends `count` bytes and hangs up."""
    def trick(handler):
        body = handler.file_bytes()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:count])
        handler.close_connection = True
    return trick


def flipped(handler):
    """The file with one bit of its middle byte turned over."""
    body = bytearray(handler.file_bytes())
    body[len(body) // 2] ^= 1
    handler.answer(200, bytes(body))
