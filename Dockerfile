# One image for all containers, or for one service:
#   docker build -t simple-douyin .
#   docker build -t usermicro --build-arg SERVICE=usermicro .
FROM python:3.11-slim AS build
ARG SERVICE=all
WORKDIR /src
RUN python -m venv /venv
# .dockerignore selects the packages, so that this file needs no list of services.
COPY . .
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt ".[${SERVICE}]"

FROM python:3.11-slim
COPY --from=build /venv /venv
RUN useradd --uid 10001 --create-home --home-dir /home/douyin douyin
USER 10001
WORKDIR /home/douyin
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LISTEN_HOST=0.0.0.0 \
    LOG_FORMAT=json
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
CMD ["api"]
