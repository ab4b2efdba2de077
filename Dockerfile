# syntax=docker/dockerfile:1
# mien serve in a container (docs/serving.md): no root, nothing written, nothing fetched when run.

FROM node:20-bookworm-slim AS page
WORKDIR /page
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
# The page's policy is that of the server: web/policy.ts reads it.
COPY src/mien/server/static/policy.json /src/mien/server/static/policy.json
RUN npm run build

FROM python:3.11-slim-bookworm AS wheel
WORKDIR /mien
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY . .
COPY --from=page /page/dist web/dist
RUN python -m venv /tools \
    && /tools/bin/pip install -c constraints.txt build '.[serve]' \
    && PYTHONPATH=src /tools/bin/python tools/pack_page.py web/dist \
    && /tools/bin/python -m build --wheel --outdir /wheels
# The environment that is served: the wheel and its pins, without pip.
RUN python -m venv /opt/mien \
    && set -- /wheels/*.whl \
    && /opt/mien/bin/pip install -c constraints.txt "$1[serve]" \
    && /opt/mien/bin/pip uninstall --yes pip setuptools \
    && /opt/mien/bin/python -m compileall -q /opt/mien/lib

FROM python:3.11-slim-bookworm
COPY --from=wheel /opt/mien /opt/mien
ENV PATH=/opt/mien/bin:$PATH \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MIEN_HEALTH=http://127.0.0.1:8000/healthz
USER 10001:10001
EXPOSE 8000
# A certificate names the public address, not this one, so it is not checked here.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as r; c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE; r.urlopen(os.environ['MIEN_HEALTH'], timeout=4, context=c)"]
ENTRYPOINT ["mien", "serve", "--host", "0.0.0.0"]
# Whoever gives other options must give a token too: without one mien serve does not start.
CMD ["--token-file", "/run/secrets/token"]
