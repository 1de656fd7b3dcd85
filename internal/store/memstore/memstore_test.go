package memstore

import (
	"testing"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.DB { return New() })
}
