"""The server: pictures and live frames in over HTTP and WebSocket, rows out.

Needs the extra ``serve``. Nothing is written to disk unless samples are collected, and nothing
leaves the machine.
"""

from mien.server.app import create_app
from mien.server.settings import Settings

__all__ = ["Settings", "create_app"]
