FUZZTIME ?= 10s
BENCH ?= .
COUNT ?= 6
GOVULNCHECK = go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOTESTSUM = go run gotest.tools/gotestsum@v1.13.0
CYCLONEDX = go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
GOLANGCI = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# SQLite and its C library are C that was translated to Go. The race detector watches whoever calls them, but not their
# insides, which are not ours and take most of its time.
UNWATCHED = -gcflags='modernc.org/sqlite/lib=-race=false -d=checkptr=0' \
	-gcflags='modernc.org/libc=-race=false -d=checkptr=0'

.PHONY: help run build docs packages sbom reproducible test test-quick chaos bench lint fuzz vulnerabilities \
	signature-script signature-script-check

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

run: build ## build and start a development server
	bin/ithildin serve --dev

build: ## build the static binary bin/ithildin
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/ithildin ./cmd/ithildin

docs: build ## write docs/cli.md and the settings of docs/configuration.md, which tests compare with the program
	bin/ithildin reference >docs/cli.md
	bin/ithildin reference --settings >bin/settings.md
	awk 'NR == FNR { settings = settings $$0 ORS; next } /^\| name \| default/ { printf "%s", settings; skip = 1 } \
		skip && /^$$/ { skip = 0 } !skip' bin/settings.md docs/configuration.md >bin/configuration.md
	mv bin/configuration.md docs/configuration.md

sbom: build ## what the binary is made of, as CycloneDX: bin/ithildin.cdx.json
	$(CYCLONEDX) bin -json -output bin/ithildin.cdx.json bin/ithildin

packages: sbom ## the .deb and the .rpm of this machine's architecture: bin/packages/
	deploy/packages/build

reproducible: ## whether two builds of this commit in different folders are the same, byte for byte
	deploy/packages/build-twice

test: ## every test, under the race detector, on SQLite and PostgreSQL; brings its own services
	@echo "compiling for the race detector takes some minutes the first time; then each test shows a dot"
	.ci/with-test-services env CGO_ENABLED=1 ITHILDIN_TEST_REQUIRE_ALL=1 \
		$(GOTESTSUM) --format dots -- -race $(UNWATCHED) -timeout 60m ./...

test-quick: ## the tests that need Go alone, on SQLite; names what it leaves out
	.ci/test-quick $(GOTESTSUM)

chaos: ## what a failing or a large database does to the service; hours, 40 GB of disk
	ITHILDIN_TEST_POSTGRES_FSYNC=on ITHILDIN_TEST_CHAOS=1 .ci/with-test-services env ITHILDIN_TEST_REQUIRE_ALL=1 \
		go test -tags chaos -p 1 -run '^TestChaos' -count 1 -v -timeout 4h ./...

bench: ## every benchmark on both engines, ready for benchstat (BENCH=name COUNT=n)
	@ITHILDIN_TEST_POSTGRES_FSYNC=on .ci/with-test-services env ITHILDIN_TEST_REQUIRE_ALL=1 \
		go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -timeout 1h ./...

lint: ## formatting, vet, and the linters of .golangci.yml
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w $$unformatted"; exit 1; }
	go vet ./...
	go vet -tags chaos ./...
	$(GOLANGCI) run ./...

vulnerabilities: ## what is known of the dependencies and of Go itself (needs a network to the vulnerability database)
	$(GOVULNCHECK) ./...

fuzz: ## every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

signature-script: ## bundle the script of the signature page again (needs Node and the npm registry)
	cd provider/login/signing && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs

signature-script-check: ## whether the checked-in script of the signature page is what its sources make
	cd provider/login/signing && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs --check
