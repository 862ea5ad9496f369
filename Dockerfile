# One image that runs auth, chat or both:
#   docker build -t duologue .  &&  docker run -p 127.0.0.1:8000:8000 -v duologue:/data duologue
# No step depends on the processor: amd64 and arm64 are built from this same file.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# Two environments, neither with a pip of its own: the product's, which is shipped, and the build backend's, which is not.
RUN python3 -m venv --without-pip /opt/duologue && python3 -m venv --without-pip /opt/backend
COPY requirements.lock requirements-build.lock ./
# Behind a package mirror: docker build --secret id=pip,src=$HOME/.config/pip/pip.conf . (it stays in no layer).
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m pip --python /opt/duologue install --require-hashes --only-binary :all: -r requirements.lock && \
    python3 -m pip --python /opt/backend install --require-hashes --only-binary :all: -r requirements-build.lock
COPY LICENSE README.md pyproject.toml ./
COPY protocol protocol
COPY src src
RUN python3 -m pip --python /opt/backend wheel --no-deps --no-build-isolation -w dist . && \
    python3 -m pip --python /opt/duologue install --no-deps --no-index dist/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Duologue" \
      org.opencontainers.image.description="Accounts and chat for your product, self-hosted" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 duologue && \
    useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin duologue && \
    install -d -o duologue -g duologue -m 0700 /data
COPY --from=build /opt/duologue /opt/duologue
ENV PATH=/opt/duologue/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 DUOLOGUE_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["python3", "-c", "\
import http.client, os, sys;\
ask = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=3);\
ask.request('GET', '/healthz');\
sys.exit(ask.getresponse().status != 200)"]
ENTRYPOINT ["duologue"]
CMD ["serve"]
