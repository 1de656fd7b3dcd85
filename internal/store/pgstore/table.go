package pgstore

import "github.com/openrbm/openrbm/internal/store"

// tables is the number of tables. In their order their keys ascend.
const tables = 28

// tableOf is the table of k, which is not empty.
func tableOf(k store.Key) int {
	switch c := k[0]; {
	case c < 'a':
		return 0
	case c > 'z':
		return tables - 1
	default:
		return int(c-'a') + 1
	}
}

func tableName(i int) string {
	switch i {
	case 0:
		return "records_low"
	case tables - 1:
		return "records_high"
	default:
		return "records_" + string(rune('a'+i-1))
	}
}

// tablesOf are the first and the last table with keys of r, which is not empty.
func tablesOf(r store.Range) (first, last int) {
	if r.Start != "" {
		first = tableOf(r.Start)
	}
	last = tables - 1
	if r.End != "" {
		last = tableOf(r.End)
		if last > first && r.End == store.Key(rune('a'+last-1)) {
			last-- // the end is the first key of its table
		}
	}
	return first, last
}
