FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The checkout's history stays outside: docker build --build-arg VERSION=$(git describe --tags --always) and so on.
ARG VERSION= REVISION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION -X main.revision=$REVISION" -o /out/ithildin ./cmd/ithildin \
 && mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/ithildin /ithildin
# The volume takes its owner from this directory; without it SQLite could not write there.
COPY --from=build --chown=nonroot:nonroot /out/data /data
USER nonroot
WORKDIR /data
VOLUME /data
# Both listeners stay on the container's loopback until ITHILDIN_LISTEN and ITHILDIN_ADMIN_LISTEN say otherwise: with
# host networking the admin listener would else face the world.
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/ithildin", "healthcheck"]
ENTRYPOINT ["/ithildin"]
CMD ["serve"]
