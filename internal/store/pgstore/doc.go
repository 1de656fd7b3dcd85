// Package pgstore is the store on PostgreSQL, for many nodes at once. It uses
// plain SQL, so that databases which speak PostgreSQL's protocol serve as well;
// the tests run it on PostgreSQL.
//
// # Tables
//
// Each record kind has a table, (key bytea primary key, body bytea): records_a
// to records_z, with records_low and records_high for the keys before and after
// them. All are there from the first migration on, so that a new kind needs no
// change of the schema. Every statement finds its rows by the primary key; the
// settings of the session keep the planner to that (see settings).
//
// # Group commit
//
// A few writers, each with a connection, take batches from one queue. What
// arrives while their transactions run goes out together in the next one. A
// group is one round trip: at most seven statements for each table, each over
// arrays of keys and values, in one implicit transaction. A batch that touches a
// key which another group of this process is about to write waits for that
// group, and all behind it do; so the groups of one process never meet in the
// database.
//
// # Checks
//
// A group is planned as if its checks held, each batch seeing what those before
// it made. The plan says what must be true of each key in the database for that
// (see fate), and its statements fail if it is not. Then the transaction leaves
// nothing; the checked keys are read, and the group is planned anew: batches
// whose checks do not hold are refused, the others go out, with what was read as
// the new condition. A failed check rests on what was read, which is durable, or
// on what the same transaction commits.
//
// Nodes do not know of each other's groups. Therefore a transaction holds, when
// it commits, a lock on every key that its batches touch: on the row if there is
// one; otherwise on the place in the index, by inserting a row there, which it
// removes if nothing is to stay. With all locks held until the end, commits have
// an order, at READ COMMITTED too. Two groups of different nodes may wait for
// each other in a circle; the database ends one of the transactions after its
// deadlock_timeout (1 s by default), and that group is tried again.
//
// # Durability
//
// Sessions run with synchronous_commit on (or remote_apply, if the DSN says so),
// and Open refuses a database with fsync off. PostgreSQL shows a commit to
// others only when it is in the log on the disk, and on the standbys that
// synchronous_standby_names asks for. So reads need no further wait, but for two
// cases in which PostgreSQL shows what the standbys may not have: after it has restarted, and
// when the wait for a standby was broken off. What is read on a new connection, or after
// an unknown outcome, is therefore answered when a commit that came later is durable (see
// doubts). Reads go to a server that takes writes, never to a standby.
//
// # When the database fails
//
//   - No connection to be had, a statement refused or out of time: nothing was
//     written, store.ErrUnavailable.
//   - The connection lost between sending a group and its answer, or a wait for
//     the standby that was broken off: store.ErrUnknown. The store does not read
//     back by itself, since a value that it finds may be another node's; the
//     caller knows what its records mean.
//   - Each call tries to connect when there is no connection, so all goes on by
//     itself when the database is there again, or one of the hosts that the DSN
//     names takes writes. Each host gets its part of Options.Timeout; one that does not
//     answer is passed over for a while.
//
// A statement may take Options.Timeout; for a scan this is the wait for more
// rows, not the whole.
package pgstore
