// Package floors is the architecture of OpenRBM as data; its test fails when the
// code and this table part ways. A package imports only from floors below its
// own, and packages of one floor never import each other.
//
// To add a package, add it here, on the lowest floor above all that it needs.
package floors

// Module is the path of the module.
const Module = "github.com/openrbm/openrbm"

// Floor is the floor of a package; packages not in the table must not exist.
// Budget is how many lines of production code it may have before it needs a reason.
type Floor struct {
	Level  int
	Budget int
}

// Table is the house.
var Table = map[string]Floor{
	"rbm":              {0, 2700}, // the words and the limits of the API
	"internal/store":   {0, 250},  // the seam to the database
	"internal/clock":   {0, 120},  // the platform's time, which a tester can turn
	"internal/frame":   {0, 700},  // the words of the device protocol
	"internal/journal": {0, 200},  // what has happened lately, for those who watch

	"internal/trend": {0, 80}, // how the platform did over time, for charts

	"internal/redact":   {0, 100}, // keeps the numbers of people out of the log
	"internal/netguard": {0, 200}, // where the server may connect to when others name the URL

	"businesscommunications": {1, 700}, // the words of the management API

	"internal/store/memstore":    {1, 250},
	"internal/store/pebblestore": {1, 1800}, // two thirds of it is what a disk that fails, fills up or lies needs
	"internal/store/pgstore":     {1, 1700}, // half of it is what other nodes, lost connections and a standby that takes over need
	"internal/store/storetest":   {1, 1700},
	"internal/delivery":          {1, 700},
	"internal/archive":           {1, 550}, // all that is kept, as a portable stream

	"internal/front": {1, 700}, // connections, strangers, browsers and certificates, before all handlers

	"internal/apidoc": {2, 600}, // describes the API: discovery documents and OpenAPI

	"internal/ledger": {2, 2300}, // with the search of messages, what was given up, what nodes keep of each other, and stores that are being filled

	"internal/engine":   {3, 1800},
	"internal/cluster":  {3, 1100}, // a tenth of it is so that nothing in it hangs on luck, and what an outage of the store needs
	"internal/outbox":   {3, 1200},
	"internal/registry": {3, 1520},
	"internal/media":    {3, 1600},
	"internal/auth":     {3, 1400},

	"internal/media/s3blobs": {4, 120}, // their contents in an object store

	"internal/sim": {4, 2700}, // the world that breaks: the sides that the platform meets, the oracle, three stores below, the ways between nodes

	"internal/httpapi": {4, 5600}, // three APIs and what the console shows, quotas and charts too; a fifth of it is tables: routes, and what describes them
	"internal/gateway": {4, 1500},
	"internal/console": {4, 300}, // and the files under web, which speak the APIs only

	// The other side of the wire: it knows the API and the device protocol, and
	// nothing of what is behind them.
	"client": {2, 2000},
	"phone":  {1, 2000},

	"internal/loadgen": {3, 1500}, // loads any server and checks what comes out

	"test/conformance":     {0, 20},  // the API as scripts of raw HTTP
	"internal/conformance": {3, 700}, // what runs them against any server

	"internal/server": {5, 2050}, // a sixth of it joins the nodes of a cluster, another moves stores
	"servertest":      {6, 500},
	"cmd/openrbm":     {6, 2500},
	"test/process":    {6, 200}, // the real binary, for tests
	"test/postgres":   {0, 450}, // a real PostgreSQL and its standby, and what they cost, for tests

	"bench/report": {0, 400}, // the table of what was measured

	"internal/floors": {0, 100},
}
