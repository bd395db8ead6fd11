"""The tables in which `staging` decides the titles of a history, in DuckDB."""

from __future__ import annotations

from netflix_trend.history.titles import CERTAINTIES, KINDS

SCHEMA = f"""
create type kind as enum {KINDS};
create type certainty as enum {CERTAINTIES};
-- Titles as the files write them, a title perhaps several times. kind null is open. is_archive: of ViewingActivity.csv.
create table texts (text_id integer, title varchar, key varchar, kind kind, show_code integer, season_code integer,
                    certainty certainty, is_archive boolean);
-- Netflix profiles and devices.
create table made (file integer, day integer);
create table names (name_code integer, name varchar);
create table show_names (show_code integer, show_name varchar, name_key varchar, show_key varchar, show_index integer);
create table season_names (season_code integer, season varchar);
-- What the person has excluded. Days are numbered from 1970, like all days here.
create table excluded (title_id integer, day integer);
create table match_keys (title_id integer, match_key varchar);
create table decided (title_id integer, kind kind, show_code integer, season_code integer, certainty certainty);
"""
# Of the texts of a key the smallest is used, so that the order of files does not matter.
KEYS = """
create or replace table used as select t.* from texts t semi join rows_texts using (text_id);
create or replace table keys as
    select (row_number() over (order by key) - 1)::integer as title_id, key, min(title) as title,
           arg_min(text_id, title) filter (is_archive) as activity_text,
           arg_min(text_id, title) filter (not is_archive) as history_text
    from used group by key;
create or replace table title_of as select text_id, title_id from used join keys using (key);
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
MATCHED = """
create table matched as
    select title_id, min(title) as title, any_value(key) as key,
           regexp_full_match(min(title), '[ -~]*[ -(*-~]') and not contains(min(title), ' :')
               and not contains(min(title), '  ') and not ends_with(min(title), ' ') as is_plain
    from used join title_of using (text_id) where kind is null or kind not in ('blank', 'unnamed') group by title_id;
insert into match_keys
    select title_id, replace(trim(split_part(key, ': ', 1) || ' ' || split_part(key, ': ', -1)), ' :', ':')
    from matched where is_plain;
"""
# What words leave open, and what is certain. In ViewingActivity.csv words decide every title.
UNDECIDED = """
create table certain_shows as
    select match_key, list(distinct show_code) as twins
    from used join title_of using (text_id) join match_keys using (title_id)
    where kind = 'episode' and certainty = 'certain' group by match_key;
create table undecided as
    select title_id, k.key, k.title, kind, show_code, season_code, certainty, twins
    from keys k join used h on h.text_id = history_text left join match_keys using (title_id)
         left join certain_shows using (match_key)
    where activity_text is null and certainty is distinct from 'certain';
create table seen as
    select title_id, min(day) as first_day, max(day) as last_day, list(distinct file) as files
    from history_rows semi join undecided using (title_id) group by title_id;
"""
# What undecided titles begin with, before a colon, that is a title itself: `Insidious` of `Insidious: Chapter 2`.
BEGINNINGS = """
with beginnings as (
    select distinct split_part(key, ': ', 1) as key from undecided
    union select split_part(key, ': ', 1) || ': ' || split_part(key, ': ', 2) from undecided
    where split_part(key, ': ', 3) <> '')
select distinct key from used semi join beginnings using (key) where kind is null or kind = 'film'
"""
# How many titles of each viewing history name a season of a show.
WITH_SEASON = """
select file, show_code, count(distinct title_id)
from history_rows join used using (text_id) join wanted_codes using (show_code)
where kind = 'episode' and season_code is not null group by file, show_code
"""
# A title of both exports has its kind from ViewingActivity.csv. `history_...` and `activity_...`: what the words say in
# either export, and nothing else; netflix_full.npy has only that.
TITLES = """
create table titles as
    select title_id, k.key, k.title,
           case when a.text_id is not null then a.kind when d.title_id is not null then d.kind else h.kind end as kind,
           case when a.text_id is not null then a.show_code when d.title_id is not null then d.show_code
                else h.show_code end as show_code,
           case when a.text_id is not null then a.season_code when d.title_id is not null then d.season_code
                else h.season_code end as season_code,
           case when a.text_id is not null then a.certainty when d.title_id is not null then d.certainty
                else h.certainty end as certainty,
           h.kind as history_kind, h.show_code as history_show, a.kind as activity_kind, a.show_code as activity_show
    from keys k left join used a on a.text_id = activity_text left join used h on h.text_id = history_text
         left join decided d using (title_id)
    order by title_id;
-- For the memory: nothing asks for these any more.
drop table undecided; drop table seen; drop table certain_shows; drop table decided; drop table title_of;
drop table keys; drop table used;
"""
