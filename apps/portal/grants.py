"""What the public pages may touch in the database: one list. `manage.py grant_public` makes the role's rights exactly these.

Nothing here holds a home, a deputy's phone, a login, or who was proposed for what. The role may add a reporter's contact and
can never read one.
"""

ROLE = "geo_public"

READ = ("SELECT",)
OWN = ("SELECT", "INSERT", "UPDATE", "DELETE")
COUNTED = ("SELECT (subject_id, day, count)", "INSERT", "UPDATE (count)")  # adds one, says nothing of who
# What stands on the page behind a follow code, and what filing a case reads back.
FOLLOWED = """
    id, code, follow_code, reopened, paused_at, pause_reason, parent_id, merged_into_id, revision, level, unrated, submission, text, category_id, place, state, submitted_at, due_on, answered_at, answer, town_id, village_id, deputy_id, organisation_id, station_id, point_3857
"""

GRANTS: dict[str, tuple[str, ...]] = {
    "territory_adminarea": READ,
    "territory_term": READ,
    "territory_electoraldistrict": READ,
    "territory_electoraldistrict_employers": READ,
    "territory_grid": READ,
    "territory_doorplate": READ,
    "territory_doorplatepyramid": READ,
    "territory_layerversion": READ,
    "territory_issuer": READ,
    "territory_issuedplate": READ,
    "territory_platecode": READ,
    "territory_platescan": COUNTED,
    "territory_issuedplatescan": COUNTED,
    "organisations_organisation": READ,
    "deputies_deputy": READ,
    "deputies_deputy_fields": READ,
    "deputies_field": READ,
    "deputies_group": READ,
    "deputies_mandate": READ,
    "deputies_station": READ,
    "deputies_rota": READ,
    "deputies_dutyturn": READ,
    "deputies_deputycode": READ,
    "deputies_stationcode": READ,
    "deputies_deputyscan": ("SELECT (subject_id, day, count)", "INSERT", "UPDATE (count)"),
    "deputies_stationscan": ("SELECT (subject_id, day, count)", "INSERT", "UPDATE (count)"),
    "projects_keyproject": READ,
    "projects_subproject": READ,
    "projects_progressreport": READ,
    "worktime_calendarday": READ,
    "worktime_timelimit": READ,
    "deputies_receptionday": ("SELECT (id, station_id, day, starts, ends, place, topic, state)",),
    "deputies_receptionday_deputies": READ,
    "cases_category": READ,
    "cases_modelversion": ("SELECT (id, first, second, active)",),  # a new case is recognised where it is filed
    "cases_case": (f"SELECT ({FOLLOWED})", "INSERT", "UPDATE (state, level, due_on, reopened, unrated, paused_at, pause_reason, revision)"),
    "cases_clock": ("SELECT", "INSERT", "UPDATE (ended_at, met_at, late, paused_on, pauses, paused_days, due_on)"),  # filing, supplying and rating move them
    "cases_caseevent": ("SELECT (id, subject_id, verb, at, data, hash)", "INSERT"),  # not what offices wrote to each other, nor who
    "cases_rating": ("SELECT (id, case_id, by, joiner_id, part, round, at)", "INSERT"),  # whether one has rated, not what
    "cases_joiner": ("SELECT (id, case_id, follow_code, submission, words, joined_at)", "INSERT"),
    "cases_untold": ("INSERT",),
    "cases_telling": ("SELECT (id)", "INSERT"),
    "cases_reportercontact": ("INSERT",),
    "cases_reportphoto": ("SELECT", "INSERT"),
    "cases_answerphoto": READ,
    "cases_overruled": ("INSERT",),
    "record_photo": ("SELECT (id, by_id, name, submission, sha256, width, height)", "INSERT"),  # not where and when an office's was taken
    "cases_borderanswer": ("INSERT",),
    "cases_publishedanswer": READ,  # what a person settled for everybody to read, and nothing else of a case
    "cases_publishedphoto": READ,  # which of the answer's photos a person confirmed
    "cases_answerspage": READ,
    "cases_publication": ("SELECT (id, case_id)",),  # which case a public answer is of, for who filed it by program
    "insights_voicespage": READ,
    "insights_publictable": ("SELECT (id, quarter, version, is_current, made_at, reason, since, reach, threshold, cells, hidden, clumping)",),  # not what the numbers were
    "insights_publiccount": READ,
    "interop_apikey": ("SELECT (id, name, digest, per_hour, by_token, stopped_at)",),
    "interop_postedrequest": ("SELECT (case_id, key_id, code, token)", "INSERT"),
    "record_outgoing": ("SELECT (id)", "INSERT"),  # what the office is to hear; what it holds is read by the command that carries it
    "record_allowance": ("SELECT", "INSERT", "UPDATE"),  # keyed hashes, see apps/record/limits.py
    "django_session": OWN,
    "django_cache": OWN,
}
"""Table -> rights, as GRANT takes them: of the whole table, or of the columns in brackets."""
