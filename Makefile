# `make test` is everything a change must pass; `make bench` measures.
.PHONY: all build test deps check race fuzz bench bench-compare deploy-check clean

GO ?= go
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 5s

all: build

build:
	$(GO) build -o bin/openrbm ./cmd/openrbm

test: deps check
	$(GO) test ./...
	@$(MAKE) --no-print-directory fuzz FUZZTIME=300x

# What the tests need beside Go: Node with npm, for Google's own Node libraries,
# Chromium, for the console, and PostgreSQL's programs. Debian would make a cluster and start it at once;
# the tests make their own.
deps:
	@command -v npm >/dev/null || (apt-get update && apt-get install -y nodejs npm)
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { \
	  export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y postgresql-common && \
	  sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	  apt-get install -y postgresql; }
	@command -v chromium >/dev/null || (apt-get update && apt-get install -y chromium fonts-noto-core fonts-noto-color-emoji)

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...

race:
	$(GO) test -race ./...

# Every fuzz test, from its seeds, for FUZZTIME each: 5s, or 300x for so many inputs.
fuzz:
	@dir=$$(mktemp -d); trap "rm -rf $$dir" EXIT; \
	for pkg in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
	  $(GO) test -c -fuzz . -o $$dir/fuzz $$pkg || exit 1; \
	  for f in $$(grep -hoE '^func Fuzz\w+' $$pkg/*_test.go | cut -c6-); do \
	    (cd $$pkg && $$dir/fuzz -test.run '^$$' -test.fuzz "^$$f$$" -test.fuzztime $(FUZZTIME) -test.fuzzcachedir $$dir/cache) >$$dir/said 2>&1 || \
	      { echo "$$pkg $$f"; cat $$dir/said; exit 1; }; \
	    echo "$$pkg $$f $$(grep ^fuzz: $$dir/said | tail -1)"; done || exit 1; done

# Prints all figures, writes the table of docs/performance.md and bench/results.json.
# QUICK=1 measures the first three of them only and keeps the others.
BENCH = $(GO) test -run '^$$' -timeout 90m -benchtime 1x
PGSTORE = $(wildcard internal/store/pgstore)
bench:
	@{ $(BENCH) $(if $(QUICK),-short) -bench '^BenchmarkAccept$$' ./bench; \
	  $(BENCH) -bench '^BenchmarkCommit$$' ./internal/store/pebblestore; \
	  $(if $(QUICK),,$(if $(PGSTORE),$(BENCH) -bench '^Benchmark(AgainstUnnest|Growth)$$' ./$(PGSTORE);) \
	    $(BENCH) -bench '^Benchmark(Frame|Deliver|Webhook|IdlePhones|Disk|ExpiryAmongAMillion)$$' ./bench; \
	    $(BENCH) -benchtime 0.5s -count 5 -bench '^BenchmarkStage$$' ./bench; \
	    $(BENCH) -benchtime 1s -bench . ./rbm ./internal/auth ./internal/gateway; \
	    $(BENCH) -benchtime 1s -bench 'GetAbsent|Scan' ./internal/store/pebblestore; \
	    $(BENCH) -bench '^BenchmarkQueued$$' ./bench;) \
	} | $(GO) run ./bench/report $(if $(QUICK),-quick)

# The stages of the accept path here and at BASE, a revision, in turn.
bench-compare:
	@GO="$(GO)" bench/compare.sh "$(BASE)"

# The linters of deploy, at fixed versions, and the nodes of the compose file restarted in
# turn behind its HAProxy. Slow at first: Helm and the others are built.
# promtool is taken out of Debian's package: nothing is to be started here.
deploy-check: deps
	@command -v haproxy >/dev/null || (apt-get update && apt-get install -y --no-install-recommends haproxy)
	@command -v systemd-analyze >/dev/null || (apt-get update && apt-get install -y --no-install-recommends systemd)
	@mkdir -p bin && cd bin && { command -v promtool || [ -x promtool ] || \
	  { apt-get update && apt-get download prometheus && dpkg --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool > promtool.new && \
	    chmod +x promtool.new && mv promtool.new promtool && rm prometheus_*.deb; }; } >/dev/null
	$(GO) vet -tags deploylint ./test/deploy ./internal/store/pgstore
	PATH="$(CURDIR)/bin:$$PATH" $(GO) test -tags deploylint -timeout 60m -v -run 'Lint|Rolling' ./test/deploy
	$(GO) test -tags deploylint -timeout 10m -run PartitionedTables ./internal/store/pgstore

clean:
	rm -rf bin
