# `make test` is everything a change must pass; `make bench` measures.
.PHONY: all build test deps check race fuzz bench clean

GO ?= go
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 5s

all: build

build:
	$(GO) build -o bin/openrbm ./cmd/openrbm

test: deps check
	$(GO) test ./...

# What the tests need beside Go: Node with npm, for Google's own Node libraries.
deps:
	@command -v npm >/dev/null || (apt-get update && apt-get install -y nodejs npm)

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...

race:
	$(GO) test -race ./...

# Every fuzz test, for FUZZTIME each.
fuzz:
	@$(GO) list ./... | while read pkg; do \
	  $(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' | while read f; do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; done || exit 1; done

# QUICK=1 leaves out what fills a store first.
bench:
	$(GO) test -run '^$$' -bench . -timeout 60m $(if $(QUICK),-short) ./bench ./rbm ./internal/auth ./internal/store/pebblestore

clean:
	rm -rf bin
