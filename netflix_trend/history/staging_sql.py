"""The tables in which `staging` decides the titles of a history, in DuckDB.

Only what has texts is decided here; what is whole numbers by itself is columns of numpy.
"""

from __future__ import annotations

from netflix_trend.history.titles import CERTAINTIES, KINDS

SCHEMA = f"""
create type kind as enum {KINDS};
create type certainty as enum {CERTAINTIES};
-- Days are numbered from 1970, like all days here.
create table made (file integer, day integer);
-- Netflix profiles and devices.
create table names (name_code integer, name varchar);
-- show_id: as in viewing.duckdb, by the order of show_key.
create table show_names (show_code integer, show_name varchar, name_key varchar, show_key varchar, show_index integer,
                         show_id integer);
-- What the person has excluded.
create table excluded (title_id integer, day integer);
create table match_keys (title_id integer, match_key varchar);
"""
# Every text that a row has, in the order of their keys. Of the texts of a key the first is used, so that the order of
# files does not matter.
SORTED = """
create or replace table sorted as
    select text_id, title, key from texts {of_rows} order by key, title, text_id
"""
FIRST_OF_KEYS = "select text_id, key is distinct from lag(key) over () as is_first from sorted"
# The texts of which the column `is_wanted` of the table `wanted` says so, with its other columns.
WANTED = "from sorted positional join wanted where is_wanted"
LINES = """
select string_agg(title, chr(10) order by text_id) from texts semi join wanted_texts using (text_id)
where text_id between ? and ?
"""
# Rows with their titles. Days are local. A play of ViewingActivity.csv has a UTC second since 1970 (start), how many
# seconds later the local time is (shift), and its length (seconds, null if unknown).
ROWS = """
create or replace table play_rows as
    select file, text_id, title_id, day, start, shift, nullif(length, -1) as seconds, profile, device,
           autoplayed::boolean as autoplayed from play_columns;
-- Every row with its local day.
create or replace view dated as select file, title_id, day, null::integer as seconds from history_rows
    union all select file, title_id, day, seconds from play_rows;
"""
# Titles that may be in other files, too. The key of a plain one (`match_key`) is made here, which is sooner.
MATCHED = f"""
create table matched as
    select title_id, title, key, regexp_full_match(title, '[ -~]*[ -(*-~]') and not contains(title, ' :')
               and not contains(title, '  ') and not ends_with(title, ' ') as is_plain {WANTED};
insert into match_keys
    select title_id, replace(trim(split_part(key, ': ', 1) || ' ' || split_part(key, ': ', -1)), ' :', ':')
    from matched where is_plain;
"""  # noqa: S608
UNDECIDED = f"create table undecided as select title_id, key, title {WANTED}"
# Of undecided titles the shows of which any file has an episode of this name for certain.
TWINS = """
select u.title_id, list(distinct show_code)
from undecided u join match_keys using (title_id)
     join (select match_key, show_code from certain join match_keys using (title_id)) using (match_key)
group by u.title_id
"""
# What undecided titles begin with, before a colon, that is a title itself: `Insidious` of `Insidious: Chapter 2`.
BEGINNINGS = f"""
with beginnings as (
    select distinct split_part(key, ': ', 1) as key from undecided
    union select split_part(key, ': ', 1) || ': ' || split_part(key, ': ', 2) from undecided
    where split_part(key, ': ', 3) <> '')
select distinct key from (select key {WANTED}) semi join beginnings using (key)
"""  # noqa: S608
# $1: the names of seasons.
TITLES = f"""
create table titles as
    select title_id, key, title, cast({list(KINDS)} as kind[])[c.kind + 1] as kind,
           cast({list(CERTAINTIES)} as certainty[])[c.certainty + 1] as certainty,
           nullif(c.show, -1) as show_code, nullif(show_id, -1) as show_id,
           cast($1 as varchar[])[c.season + 1] as season
    from (select key, title {WANTED}) positional join title_columns c
"""  # noqa: S608
# For the memory: nothing asks for these any more.
DROPPED = "drop table sorted; drop table if exists undecided; drop table title_columns"
