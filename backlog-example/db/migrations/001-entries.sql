-- The ledger as a database: one row per entry, amounts in whole cents.
create table entries (
    id    integer primary key,
    date  text not null,
    cents integer not null,
    note  text not null
);
