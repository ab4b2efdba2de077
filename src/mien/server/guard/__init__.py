"""The guard: whatever a client sends or withholds, it is answered or cut off in bounded time.

``connections`` holds HTTP and WebSocket to deadlines and limits, ``middleware`` and ``security``
every request to who may ask. ``connections`` rests on uvicorn's protocol classes, of which the
insides are no documented interface: the extra ``serve`` pins uvicorn exactly, and
``tests/test_server_uvicorn.py`` says what has moved (decision 0011).
"""
