# One image for all containers, or for one service:
#   docker build -t simple-douyin .
#   docker build -t usermicro --build-arg SERVICE=usermicro .
# The target "tools" has scripts/archive and the programs that it needs, for backups.
FROM python:3.11.13-slim-bookworm AS build
ARG SERVICE=all
WORKDIR /src
RUN python -m venv /venv
# .dockerignore selects the packages, so that this file needs no list of services.
COPY . .
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt ".[${SERVICE}]"

FROM python:3.11.13-slim-bookworm AS tools
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends mariadb-client libssl3 \
    && rm -rf /var/lib/apt/lists/*
# Of the version that wrote the data: an older one cannot read it.
COPY --from=redis:7.4.6 /usr/local/bin/redis-server /usr/local/bin/redis-cli /usr/local/bin/
COPY --from=build /venv /venv
COPY . /tools
WORKDIR /tools
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["python", "-m", "scripts.archive"]
CMD ["--help"]

FROM python:3.11.13-slim-bookworm
COPY --from=build /venv /venv
RUN useradd --uid 10001 --create-home --home-dir /home/douyin douyin \
    && install -d -o douyin -g douyin /home/douyin/uploads
USER 10001
WORKDIR /home/douyin
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LISTEN_HOST=0.0.0.0 \
    UPLOAD_DIR=/home/douyin/uploads \
    LOG_FORMAT=json
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
CMD ["api"]
