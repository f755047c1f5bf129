"""Who gets past the access check of each route: every route is in one of these lists, and under one audience alone.

`POST case: settle` stands for the endpoint `case.settle`. Where an endpoint has several addresses, each has a row, with
the address's first part after a colon. World and roles: world.py.
"""

from __future__ import annotations

from access.desk_rows import ROWS
from access.room_api_rows import IN_ROOMS
from access.table_rows import AT_TABLES
from access.world import A_BROKER, COUNTERPART, ITS_BROKER, OPERATOR, OTHERS, OWN, ROLES, VISITOR

Audience = frozenset[str]
OWN_VIEWER, *_EDITORS = OWN
EVERYBODY: Audience = frozenset(ROLES)
SIGNED_IN = EVERYBODY - {VISITOR}
NOBODY: Audience = frozenset()
OPERATORS = frozenset({OPERATOR})
BROKERS = frozenset({ITS_BROKER, A_BROKER})
STAFF = BROKERS | OPERATORS
OWN_MEMBERS, OWN_EDITORS, ONLY_MINE = frozenset(OWN), frozenset(_EDITORS), frozenset({OWN[2]})
"""Personal things of this world are the company's admin's."""
ITS_BROKER_ALONE = frozenset({ITS_BROKER})
SIDES = OWN_EDITORS | {COUNTERPART}
CASE = OWN_MEMBERS | {COUNTERPART} | STAFF
WORKERS = SIDES | ITS_BROKER_ALONE
WORKERS_AND_OPERATORS = WORKERS | OPERATORS
PARTIES_AND_OPERATORS = OWN_MEMBERS | {COUNTERPART, ITS_BROKER, OPERATOR}
SIDES_AND_BROKERS, SIDES_AND_STAFF = SIDES | BROKERS, SIDES | STAFF
ITS_BROKER_AND_OPERATORS = ITS_BROKER_ALONE | OPERATORS
OWN_ADMIN_AND_OPERATORS = ONLY_MINE | OPERATORS
HERSELF_ADMIN_AND_OPERATORS = OWN_ADMIN_AND_OPERATORS | {OWN_VIEWER}
OWN_EDITORS_AND_OPERATORS, OWN_EDITORS_AND_STAFF = OWN_EDITORS | OPERATORS, OWN_EDITORS | STAFF
OWN_EDITORS_AND_THEIR_BROKER, OWN_EDITORS_AND_BROKERS = OWN_EDITORS | ITS_BROKER_ALONE, OWN_EDITORS | BROKERS
OWN_MEMBERS_AND_OPERATORS, OWN_MEMBERS_AND_STAFF = OWN_MEMBERS | OPERATORS, OWN_MEMBERS | STAFF
OWN_MEMBERS_AND_THEIR_BROKER, OWN_MEMBERS_AND_BROKERS = OWN_MEMBERS | ITS_BROKER_ALONE, OWN_MEMBERS | BROKERS
OWN_MEMBERS_THEIR_BROKER_AND_OPERATORS = OWN_MEMBERS_AND_THEIR_BROKER | OPERATORS
EDITORS_ANYWHERE = SIDES | set(OTHERS[1:])

LISTS: tuple[tuple[Audience, str], ...] = (
    (EVERYBODY, """
        GET accounts: registered
        GET POST accounts: confirm forgotten register reset sign_in welcome
        POST accounts: sign_out
        POST accounts_api: new_token
        GET analytics: help home
        GET api_docs: openapi page
        GET bootstrap: static
        GET catalogues: robots schema sitemap sitemap_part
        GET POST catalogues: harvested
        GET POST contracts: answer
        GET events: calendar index series show
        GET events_api: find show
        GET series: cover feed
        GET flask: static
        GET POST guests: answer
        GET health: alive ready
        GET introductions: pipeline
        GET listings: attachment show
        GET listings_api: every show
        GET matching: of
        GET matching_api: matches
        GET POST messaging: leave
        GET POST news: answer leave
        GET organisations: index show
        GET POST organisations: confirm_mailbox join
        GET organisations_api: find show
        GET parks: badge index
        GET privacy: edition text
        GET passkeys: options_to_sign_in
        POST passkeys: sign_in
        GET POST privacy: keep_by_link
        GET POST ratings: rate_by_link
        GET saved: feed search_feed
        GET POST saved: unsubscribe
        GET search: page
        GET search_api: search suggest
        GET POST second_factor: enter
        GET surveys: index results
    """),
    # events: for oneself. listings.write and listings_api.create: people who may write for no organisation are told
    # so, before anything is asked of them; for another's organisation the API answers 422 with those one may name.
    (SIGNED_IN, """
        GET POST accounts: account change_password
        POST accounts: send_confirmation
        DELETE accounts_api: revoke_token
        POST events: cancel register
        GET POST guests: bring invitations
        GET import: export template
        GET introductions: index new
        GET introductions_api: mine
        GET listings: mine new
        GET POST listings: write
        POST listings_api: create
        GET messaging: notices
        GET POST messaging: wanted
        POST messaging: read_notices
        GET POST news: wanted
        GET messaging_api: notices wanted
        PATCH messaging_api: want
        POST messaging_api: read_notices
        POST openid: forget
        GET POST organisations: create
        GET organisations_api: me
        GET passkeys: index options_to_add
        GET POST passkeys: add
        GET privacy: data waiting
        GET POST privacy: accept delete
        POST privacy: ask keep
        GET refining: index
        GET refining_api: mine
        GET saved: index
        GET POST saved: create
        GET saved_searches_api: every
        POST saved_searches_api: create
        GET second_factor: show
        GET POST second_factor: recovery_codes set_up turn_off
        GET POST sessions: confirm
        POST sessions: end_others
        GET POST tokens: index
        GET training: broker brokers index show
        POST training: attend
        GET translations: to_read_over
    """),
    # Both have a place at the event.
    (frozenset({OWN_VIEWER}) | ONLY_MINE, """
        GET POST event_surveys: answer
        GET POST ratings: rate
    """),
    (OPERATORS, """
        POST analytics: set_public
        GET auditing: export index
        GET broadcasts: index show
        GET POST parks: add ask edit
        POST parks: answer
        GET POST broadcasts: edit new
        GET POST training: certify edit new withdraw
        POST training: cancel mark
        POST broadcasts: send stop
        GET domains: waiting
        POST domains: confirm refuse
        GET events: participants
        GET POST events: edit_edition edit_series new_edition new_series
        GET POST series: move plan
        POST events: check_in set_state undo_check_in
        GET door: badges
        GET POST door: check_in decline invitations
        POST door: add approve left let_in
        GET messaging: mail_page mails show_mail
        POST messaging: send_again
        GET operator_organisations: queue show
        GET POST operator_organisations: refuse
        POST operator_organisations: place verify
        GET operator_privacy: show
        GET ratings: minutes
        GET POST ratings: edit_minutes
        POST ratings: send_minutes
        GET operator_surveys: index show
        GET POST operator_surveys: ask edit new person
        POST event_surveys: begin
        POST operator_surveys: publish set_state
        GET searched: export index
        GET terms: export imported index rejected
        GET POST terms: edit new upload
        POST terms: remove restore take_in
        GET terms_api: find
        GET webhooks: index:/operator show:/operator
        GET POST webhooks: create:/operator edit:/operator
        POST webhooks: pause:/operator redeliver:/operator remove:/operator resume:/operator rotate:/operator
        POST webhooks: test:/operator
        DELETE webhooks_api: platforms_delete
        GET webhooks_api: platforms_every platforms_log platforms_one_delivery platforms_show
        PATCH webhooks_api: platforms_change
        POST webhooks_api: platforms_pause platforms_redeliver platforms_register platforms_resume platforms_rotate
        POST webhooks_api: platforms_test
    """),
    # public_figures, wall: until an operator makes them public. desk.move and desk.decide bring everybody of the desk
    # back to it with what became of the move; whose move it is, the table of moves says (test_introduction_table.py).
    (STAFF, """
        GET analytics: export figures outcomes public_figures
        GET analytics_api: funnel
        GET contracts: ledger_cases ledger_file ledger_page
        GET contracts_api: ledger_cases whole_ledger
        GET desk: board brokers cases following today
        GET POST desk: hand_on
        POST desk: decide move take_next
        GET desk_api: board cases loads today
        POST desk_api: hand_on
        GET event_figures: edition export_edition export_series series wall
        GET parks: show
        GET review: queue
        GET POST review: decide
    """),
    # Staff take cases over from each other, so that each may look into any. introductions.move, .write: their forms.
    (CASE, """
        GET case: agreements nda
        GET case_api: consents messages nda
        GET casework: document reads_of_case
        GET casework_api: all_documents all_meetings all_tasks download one_meeting one_task reads_of_case
        GET contracts_api: contract every_step every_survey show_step
        GET introductions: move show write
        GET introductions_api: history show
        GET meetings: calendar
    """),
    # introductions.move: “discuss”. Meetings and tasks are of those who take part; operators only look on.
    (WORKERS, """
        GET POST casework: new_document new_task
        POST casework_api: add_document arrange cancel_meeting no_show set_task write_minutes
        PUT casework_api: change_meeting
        POST introductions: move
        GET POST meetings: cancel edit new no_show write_minutes
    """),
    (WORKERS_AND_OPERATORS, """
        POST case_api: write
        GET POST contracts: cancel_step edit_form new_step step
        PATCH contracts_api: change_step save_registration
        POST contracts_api: plan_step
        POST introductions: write
    """),
    # introductions.new: for a need that is theirs. matching: taking back what they themselves have said.
    (OWN_EDITORS, """
        GET POST casework: new_version
        POST casework: remove_document
        DELETE casework_api: remove_document
        POST casework_api: add_version
        GET POST comparing: criteria decline scores
        POST comparing: star template
        POST comparing_api: decline
        PUT comparing_api: criteria scores star
        POST contracts: survey
        POST contracts_api: answer_survey
        GET import: rejected
        GET POST import: show
        POST import: start
        POST introductions: new
        GET POST listings: attachments edit exclusions submit
        POST listings: copy detach
        PATCH listings_api: change
        POST matching: relevant
        DELETE matching_api: relevant_after_all
        GET POST refining: decide
        POST refining_api: approve send_back
    """),
    (ONLY_MINE, """
        POST guests: cancel_colleague
        GET messaging: notice
        POST messaging: read_notice
        GET messaging_api: notice
        POST messaging_api: read_notice
        GET privacy: download
        GET saved: look
        GET POST saved: edit
        POST saved: delete renew_feed
        DELETE saved_searches_api: delete
        GET saved_searches_api: show
        PATCH saved_searches_api: change
        POST sessions: end
        POST passkeys: revoke
        POST tokens: revoke
        GET surveys: answered
        GET POST surveys: answer
        POST surveys: draft
    """),
    (OWN_ADMIN_AND_OPERATORS, """
        GET POST domains: index
        POST domains: remove
        GET POST organisations: edit
        POST parks: remove
        POST organisations: ask_mailbox_again change_role people set_approval withdraw_invitation
        GET webhooks: index:/organisations show:/organisations
        GET POST webhooks: create:/organisations edit:/organisations
        POST webhooks: pause:/organisations redeliver:/organisations remove:/organisations resume:/organisations
        POST webhooks: rotate:/organisations test:/organisations
        DELETE webhooks_api: delete
        GET webhooks_api: every log one_delivery show
        PATCH webhooks_api: change
        POST webhooks_api: pause redeliver register resume rotate test
    """),
    # introductions_api.move: “implement”.
    (ITS_BROKER_ALONE, """
        GET POST case: pass_on refuse_copy
        POST case: settle
        POST case_api: pass_on refuse_copy settle
        POST casework: use_template
        POST casework_api: use_template
        POST introductions_api: move
        GET POST refining: text
        POST refining: propose
        POST refining_api: propose
        PUT refining_api: write
    """),
    # Scores and answers to surveys are the organisation's own; another broker has no part in them.
    (OWN_MEMBERS_THEIR_BROKER_AND_OPERATORS, """
        GET comparing: export printed show
        GET comparing_api: show
        GET contracts: survey
        GET contracts_api: show_survey
    """),
    # A refinement shows drafts. Until a broker has taken it any may look; operators never (refining/permissions.py).
    (OWN_MEMBERS_AND_THEIR_BROKER, """
        GET refining: show
        GET refining_api: hints questionnaire show
    """),
    (OWN_MEMBERS_AND_STAFF, """
        GET case: copy
        GET case_api: copy
        GET listings: history preview translation
    """),
    (OWN_EDITORS_AND_THEIR_BROKER, """
        GET POST casework: edit_task
        POST casework: tick
        POST casework_api: tick
        PUT casework_api: change_task
        GET POST refining: end questions
        PUT refining_api: answer
    """),
    (OWN_MEMBERS_AND_OPERATORS, """
        GET casework: reads_of_listing
        GET casework_api: reads_of_listing
        GET organisations: people
    """),
    (ITS_BROKER_AND_OPERATORS, """
        GET POST contracts: correct
        POST contracts_api: correct
    """),
    # The form for the registration office has amounts in it.
    (PARTIES_AND_OPERATORS, """
        GET contracts: form form_file
        GET contracts_api: show_registration
    """),
    (OWN_EDITORS_AND_OPERATORS, """
        GET POST listings: act
        POST listings_api: move
    """),
    (SIDES, """
        GET POST case: send_copy
        POST case_api: send_copy
    """),
    (OWN_EDITORS_AND_STAFF, """
        POST listings: translation
        POST translations: accept
    """),
    (EDITORS_ANYWHERE, """
        GET POST import: upload
    """),
    (OWN_MEMBERS_AND_BROKERS, """
        GET refining: ask
    """),
    (OWN_EDITORS_AND_BROKERS, """
        POST refining: ask
        POST refining_api: ask
    """),
    (BROKERS, """
        POST introductions: suggest
        POST refining: take
        POST refining_api: step
    """),
    (SIDES_AND_STAFF, """
        GET POST matching: not_relevant
        PUT matching_api: not_relevant
    """),
    (SIDES_AND_BROKERS, """
        POST introductions_api: begin
    """),
    # The membership is the viewer's own: anybody may leave.
    (HERSELF_ADMIN_AND_OPERATORS, """
        POST organisations: remove_member
    """),
    # The viewer's ticket; the admin has registered her.
    (HERSELF_ADMIN_AND_OPERATORS, """
        GET guests: ticket
    """),
    # No role opens these, but: the token of METRICS_TOKEN (tests/operations/test_metrics.py); another system's
    # sign-in, which is not set up here, and its cookie (tests/accounts/test_openid.py).
    (NOBODY, """
        GET metrics: show
        GET openid: come_back leave
        GET POST openid: register
    """),
)


def expected() -> dict[str, Audience]:
    """“GET case.nda” -> who gets in; each only once."""
    rows: dict[str, Audience] = {}
    for audience, listed in (*LISTS, *ROWS, *AT_TABLES, *IN_ROOMS):
        for line in listed.strip().splitlines():
            head, _, views = line.strip().partition(": ")
            *methods, room = head.split()
            for view in views.split():
                for method in methods:
                    name = f"{method} {view}" if room == "flask" else f"{method} {room}.{view}"
                    assert name not in rows, f"{name} stands in two lists"
                    rows[name] = audience
    return rows
