"""Stands in for a service: `stand_in.py grpc|http|alive|crash|deaf`, on the port the environment names."""

import http.server
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit


def serve_grpc() -> None:
    import grpc
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc

    port = next(value for name, value in os.environ.items() if name.endswith("_GRPC_PORT"))
    server = grpc.server(ThreadPoolExecutor(2))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    stopped = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    stopped.wait()
    server.stop(None).wait()
    # Longer than either server needs to stop, if it were asked at the same time.
    time.sleep(1)
    for name in ("NATS_URL", "COALITION_POINTS_DATABASE_URL"):
        url = urlsplit(os.environ[name])
        try:
            socket.create_connection((url.hostname or "", url.port or 0), timeout=5).close()
            print(f"{name} answers", flush=True)
        except OSError:
            print(f"{name} is gone", flush=True)


class Unauthorized(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()


def serve_http() -> None:
    port = int(os.environ["COALITION_GATEWAY_HTTP_PORT"])
    http.server.HTTPServer(("127.0.0.1", port), Unauthorized).serve_forever()


def main(mode: str) -> None:
    print(f"stand-in {mode}", flush=True)
    if mode == "grpc":
        serve_grpc()
    elif mode == "http":
        serve_http()
    elif mode == "crash":
        sys.exit("COALITION_X is not set")
    else:
        if mode == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()


if __name__ == "__main__":
    main(sys.argv[1])
