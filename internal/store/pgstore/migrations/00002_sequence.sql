-- +goose Up
-- The number that store.Sequencer gave out last, in the one row.
create table sequence (id int primary key, last bigint not null);
insert into sequence (id, last) values (0, 0);
