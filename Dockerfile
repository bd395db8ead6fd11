# One file for all images; SERVICE chooses which service and which lock go in, and nothing else does:
#   docker build --build-arg SERVICE=processor .
# The scraper alone comes in two kinds (SCRAPER_TARGET): RUNTIME=browser, and RUNTIME=import without any browser.
ARG BASE=debian:trixie-slim
ARG RUNTIME=python

FROM ${BASE} AS python
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/*

FROM python AS browser
RUN apt-get update \
 && apt-get install -y --no-install-recommends chromium chromium-driver chromium-sandbox \
 && rm -rf /var/lib/apt/lists/*

FROM python AS import

FROM python AS packages
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
ARG SERVICE
ARG RUNTIME
COPY requirements/${SERVICE}.txt requirements/import.txt /tmp/
RUN [ "$RUNTIME" = import ] || mv "/tmp/$SERVICE.txt" /tmp/import.txt \
 && python3 -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check --require-hashes --no-deps \
    -r /tmp/import.txt \
 && /opt/venv/bin/pip uninstall --yes --quiet pip \
 && cd /opt/venv/lib/python3*/site-packages \
 && rm -rf selenium/webdriver/common/linux-* selenium/webdriver/common/macos selenium/webdriver/common/windows

FROM ${RUNTIME} AS service
ARG SERVICE
COPY --from=packages /opt/venv /opt/venv
COPY netflix_trend /app/netflix_trend
COPY services/__init__.py /app/services/__init__.py
COPY services/runtime /app/services/runtime
COPY services/${SERVICE} /app/services/${SERVICE}
RUN /opt/venv/bin/python -m compileall -q /app /opt/venv
ENV SERVICE=${SERVICE} IN_CONTAINER=1 PATH=/opt/venv/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 1000:1000
CMD ["sh", "-c", "exec python -m services.$SERVICE"]
