# OsteoCount for servers and clusters, without the window:
#   docker build --tag osteocount .
#   docker run --rm --user "$(id -u)" --volume "$PWD:/data" osteocount run plate --layout plate/layout.csv --out results
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels ".[formats,cluster]"

FROM python:3.12-slim
COPY --from=build /wheels /wheels
# From the wheels of the first stage alone, so its versions are those.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --no-index --find-links /wheels "osteocount[formats,cluster]" && rm -r /wheels
# Any user id may run it: matplotlib's cache and the settings go where all may write.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /data
ENTRYPOINT ["osteocount"]
CMD ["--help"]
