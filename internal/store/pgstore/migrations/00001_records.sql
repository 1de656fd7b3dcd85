-- +goose Up
-- One table for each record kind, which is the first byte of the key; the first
-- and the last take the keys before 'a' and after 'z'.
create table records_low (key bytea primary key, body bytea not null);
create table records_a (key bytea primary key, body bytea not null);
create table records_b (key bytea primary key, body bytea not null);
create table records_c (key bytea primary key, body bytea not null);
create table records_d (key bytea primary key, body bytea not null);
create table records_e (key bytea primary key, body bytea not null);
create table records_f (key bytea primary key, body bytea not null);
create table records_g (key bytea primary key, body bytea not null);
create table records_h (key bytea primary key, body bytea not null);
create table records_i (key bytea primary key, body bytea not null);
create table records_j (key bytea primary key, body bytea not null);
create table records_k (key bytea primary key, body bytea not null);
create table records_l (key bytea primary key, body bytea not null);
create table records_m (key bytea primary key, body bytea not null);
create table records_n (key bytea primary key, body bytea not null);
create table records_o (key bytea primary key, body bytea not null);
create table records_p (key bytea primary key, body bytea not null);
create table records_q (key bytea primary key, body bytea not null);
create table records_r (key bytea primary key, body bytea not null);
create table records_s (key bytea primary key, body bytea not null);
create table records_t (key bytea primary key, body bytea not null);
create table records_u (key bytea primary key, body bytea not null);
create table records_v (key bytea primary key, body bytea not null);
create table records_w (key bytea primary key, body bytea not null);
create table records_x (key bytea primary key, body bytea not null);
create table records_y (key bytea primary key, body bytea not null);
create table records_z (key bytea primary key, body bytea not null);
create table records_high (key bytea primary key, body bytea not null);
