package httpapi

import (
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// damagedRecordsJSON is the records that were set aside, at most maxPage.
type damagedRecordsJSON struct {
	Records []damagedJSON `json:"records"`
}

// damagedJSON is one, without what it held.
type damagedJSON struct {
	Key  string        `json:"key"`
	Why  string        `json:"why"`
	Time rbm.Timestamp `json:"time"`
	Size int           `json:"size,omitzero"` // bytes
}

func (a *API) listDamagedRecords(c *call) (any, error) {
	records, err := ledger.DamagedRecords(a.Ledger).List(c.r.Context(), "", "", maxPage)
	if err != nil {
		return nil, err
	}
	list := damagedRecordsJSON{Records: []damagedJSON{}}
	for _, r := range records {
		list.Records = append(list.Records, damagedJSON{r.Key, r.Why, rbm.Timestamp(r.Time), len(r.Value)})
	}
	return list, nil
}
