package pgstore

import "strings"

// op is what a statement does with the keys of one table. They are made in this
// order.
type op int

const (
	share  op = iota // lock the rows with these keys and bodies against change
	change           // give the rows with these keys and bodies a new body
	remove           // delete the rows with these keys and bodies
	insert           // add the rows, of which none may exist
	claim            // add an empty row for each key that has none
	put              // add the rows or replace their bodies
	erase            // delete the rows with these keys, all of which exist
	ops
)

// A statement that finds fewer rows than it has keys must undo the transaction,
// in the same round trip. Dividing by zero does that in every database.
const (
	wantAll     = "select 1 / (case when count(*) = array_length($1, 1) then 1 else 0 end) from "
	divByZero   = "22012"
	inUnnested2 = " using unnest($1::bytea[], $2::bytea[]) as c(key, body) where t.key = c.key and t.body = c.body"
)

// templates are the statements, with % for the table.
var templates = [ops]string{
	share: wantAll + "(select 1 from unnest($1::bytea[], $2::bytea[]) as c(key, body)" +
		" join % as t on t.key = c.key and t.body = c.body order by t.key for share of t) as held",
	change: "with changed as (update % as t set body = c.new from unnest($1::bytea[], $2::bytea[], $3::bytea[]) as c(key, old, new)" +
		" where t.key = c.key and t.body = c.old returning 1) " + wantAll + "changed",
	remove: "with removed as (delete from % as t" + inUnnested2 + " returning 1) " + wantAll + "removed",
	insert: "insert into % (key, body) select c.key, c.body from unnest($1::bytea[], $2::bytea[]) as c(key, body)",
	claim: "insert into % (key, body) select c.key, ''::bytea from unnest($1::bytea[]) as c(key)" +
		" where not exists (select 1 from % as t where t.key = c.key)",
	put: "insert into % (key, body) select c.key, c.body from unnest($1::bytea[], $2::bytea[]) as c(key, body)" +
		" on conflict (key) do update set body = excluded.body",
	erase: "with erased as (delete from % where key = any($1::bytea[]) returning 1) " + wantAll + "erased",
}

// statement is one statement of a group, with its arrays.
type statement struct {
	table  int
	op     op
	arrays [3]array // keys first; those without elements are not parameters
}

func (s *statement) sql() string {
	return strings.ReplaceAll(templates[s.op], "%", tableName(s.table))
}

// params are the parameters.
func (s *statement) params() (p [][]byte) {
	for _, a := range s.arrays {
		if a.b != nil {
			p = append(p, a.b)
		}
	}
	return p
}

// add adds a key with what else the op needs.
func (s *statement) add(k string, values ...[]byte) {
	appendElement(&s.arrays[0], k)
	for i, v := range values {
		appendElement(&s.arrays[i+1], v)
	}
}
