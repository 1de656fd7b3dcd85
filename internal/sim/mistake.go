package sim

import (
	"net/http"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/store"
)

// mistake breaks one of the four laws, from outside of the platform: at the
// boundary where the world stands, so that nothing of it exists in production. The
// tests plant them to see whether the oracle notices; nil fields break nothing.
type mistake struct {
	early   bool                                       // the store says success before it is durable
	hasty   bool                                       // reports are confirmed before they are durable
	batch   func(*store.Batch) *store.Batch            // what is committed instead
	verdict func(error) error                          // what a commit is said to have come to
	blind   func(store.Range) bool                     // scans that find nothing
	sees    func(*life, []store.Record) []store.Record // what a node finds of a mailbox
	hollow  bool                                       // what nodes ask each other is answered as if it were done
	ownTime bool                                       // nodes take the numbers from their own clocks
	effects func([]engine.Effect) []engine.Effect      // what is sent to a phone instead
	status  func(int) int                              // what a webhook is said to have answered
	timeout func() (*http.Response, error)             // what silence is taken for
	options func(*engine.Options, *outbox.Options)     // how the platform is set up
}
