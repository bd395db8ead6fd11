# One file for all images; SERVICE chooses which service and which lock go in, and nothing else does:
#   docker build --build-arg SERVICE=processor .
# The scraper comes in two kinds (SCRAPER_TARGET): RUNTIME=browser, and RUNTIME=import without any browser. The aggregator
# comes with LOCK=scale, too, for docker-compose.scale.yml.
ARG BASE=debian:trixie-slim
ARG RUNTIME=python

FROM ${BASE} AS debian
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
 && apt-get clean && rm -rf /var/lib/apt/lists/*

FROM debian AS browser
RUN apt-get update \
 && apt-get install -y --no-install-recommends chromium chromium-driver chromium-sandbox \
 && apt-get clean && rm -rf /var/lib/apt/lists/*

# What no service runs: package tools, Perl, programs that become another user, Python's own tests. Debian's list of packages
# stays, without those that were removed, for who looks for holes in them. dpkg goes last, because it is what removes.
FROM debian AS reduced
RUN dpkg --purge --force-all adduser apt bash debconf debian-archive-keyring e2fsprogs libapt-pkg7.0 libpam-modules \
    libpam-modules-bin libpam-runtime libpam0g login login.defs logsave mawk mount openssl passwd sqv tar util-linux \
 && dpkg --purge --force-all perl-base dpkg \
 && rm -rf /etc/pam.d /usr/lib/*/gconv /usr/lib/python3*/ensurepip /usr/lib/python3*/pydoc_data /usr/lib/python3*/test \
    /usr/share/bash-completion /usr/share/info /usr/share/lintian /usr/share/man /var/cache/* /var/log/*

# From nothing: what was removed above would still lie in a layer below.
FROM scratch AS python
COPY --from=reduced / /

FROM python AS import

FROM debian AS packages
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
ARG SERVICE
ARG RUNTIME
ARG LOCK=${SERVICE}
COPY requirements/${LOCK}.txt requirements/import.txt /tmp/
RUN [ "$RUNTIME" = import ] || mv "/tmp/$LOCK.txt" /tmp/import.txt \
 && python3 -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check --require-hashes --no-deps \
    -r /tmp/import.txt \
 && /opt/venv/bin/pip uninstall --yes --quiet pip \
 && cd /opt/venv/lib/python3*/site-packages \
 && rm -rf selenium/webdriver/common/linux-* selenium/webdriver/common/macos selenium/webdriver/common/windows \
 && find . -depth -type d \( -name tests -o -name SelfTest \) -exec rm -r {} +
# Of some 1,100 files about languages, those of the languages that the pages speak.
COPY netflix_trend/translations /tmp/translations
RUN cd /opt/venv/lib/python3*/site-packages \
 && spoken=" root en $(ls /tmp/translations | tr '\n' ' ')" \
 && for file in babel/locale-data/*.dat; do \
      name=${file##*/}; name=${name%.dat}; \
      case $spoken in *" ${name%%_*} "*) ;; *) rm -f "$file" ;; esac; \
    done

FROM ${RUNTIME} AS service
ARG SERVICE
COPY --from=packages /opt/venv /opt/venv
COPY netflix_trend /app/netflix_trend
COPY services/__init__.py /app/services/__init__.py
COPY services/runtime /app/services/runtime
COPY services/${SERVICE} /app/services/${SERVICE}
RUN /opt/venv/bin/python -m compileall -q /app /opt/venv
ENV SERVICE=${SERVICE} IN_CONTAINER=1 PATH=/opt/venv/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# As netflix_trend/libraries.py says.
ENV OPENBLAS_NUM_THREADS=1 PYDANTIC_DISABLE_PLUGINS=__all__
WORKDIR /app
USER 1000:1000
CMD ["sh", "-c", "exec python -m services.$SERVICE"]
