/* SPDX-License-Identifier: ISC */
/*
 * Proofs about the script as a table (DESIGN, "The script is data"): it is
 * total, connected, finite where it must be, and cautious behind the dot.
 */
#include "smtp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "os/file.h"

/* Every cell is filled, so every reply at every step has a verdict. */
static void
no_cell_is_empty(void **state)
{
	(void)state;
	for (int step = 0; step < STEPS; step++) {
		const struct row *row = &script[step];

		assert_non_null(row->name);
		assert_non_null(row->doing);
		for (int heard = 0; heard < HEARDS; heard++)
			if (!row->on[heard].filled)
				fail_msg("%s has no cell for %s", row->name,
				    script_heard((enum heard)heard));
	}
}

static void
every_step_is_reached(void **state)
{
	bool reached[STEPS + 1] = {[STEP_WRAP] = true};
	bool changed = true;

	(void)state;
	while (changed) {
		changed = false;
		for (int step = 0; step < STEPS; step++) {
			const struct row *row = &script[step];

			for (int h = 0; reached[step] && h <= HEARDS; h++) {
				enum step next = h < HEARDS ? row->on[h].next
							    : row->otherwise;

				changed = changed || !reached[next];
				reached[next] = true;
			}
		}
	}
	for (int step = 0; step <= STEPS; step++)
		if (!reached[step])
			fail_msg("%s is never reached",
			    script_step((enum step)step));
}

/*
 * Every path ends: the order of the steps is the order of the conversation,
 * and only these edges lead back or stay: EHLO again after the handshake
 * (once, since WHEN_TLS is false then), LOGIN for the next mechanism (one that
 * was refused is not chosen again), ANSWER for the next challenge (of which a
 * mechanism has three at most), RCPT for the next recipient (as often as there
 * are some, since WHEN_RCPT is false then), EACH for the next one's reply
 * (likewise, WHEN_UNJUDGED: whom a reply is for has his verdict), and READY for
 * the next message (WHEN_MORE).
 */
static void
every_path_ends(void **state)
{
	(void)state;
	for (int step = 0; step < STEPS; step++) {
		const struct row *row = &script[step];

		assert_true(
		    row->when == WHEN_ALWAYS || (int)row->otherwise > step);
		for (int h = 0; h < HEARDS; h++) {
			enum step next = row->on[h].next;

			if ((int)next > step)
				continue;
			if (step == STEP_SHAKE && h == HEARD_2YZ) {
				assert_int_equal(next, STEP_EHLO);
				assert_int_equal(
				    script[STEP_STARTTLS].when, WHEN_TLS);
				continue;
			}
			if (row->act == ACT_AUTH && h == HEARD_5YZ) {
				assert_int_equal(next, STEP_LOGIN);
				continue;
			}
			if (step == STEP_ANSWER && h == HEARD_3YZ) {
				assert_int_equal(next, STEP_ANSWER);
				continue;
			}
			if (step == STEP_NEXT && h == HEARD_2YZ) {
				assert_int_equal(next, STEP_READY);
				assert_int_equal(row->when, WHEN_MORE);
				continue;
			}
			if (step == STEP_EACH) {
				assert_int_equal(next, STEP_EACH);
				assert_int_equal(row->when, WHEN_UNJUDGED);
				assert_int_equal(row->on[h].blame, BLAME_RCPT);
				continue;
			}
			assert_int_equal(step, STEP_RCPT);
			assert_int_equal(next, STEP_RCPT);
			assert_int_equal(row->when, WHEN_RCPT);
		}
	}
}

/* What ends a session without a delivery says whose fault it is. */
static void
no_end_without_blame(void **state)
{
	(void)state;
	for (int step = 0; step < STEP_QUIT; step++)
		for (int h = 0; h < HEARDS; h++) {
			const struct cell *cell = &script[step].on[h];

			if (cell->next == STEP_QUIT || cell->next == STEP_END)
				assert_int_not_equal(cell->blame, BLAME_NONE);
		}
}

/* D-32: no path to BODY but through DATA's 354, with somebody accepted. */
static void
data_only_with_an_accepted_recipient(void **state)
{
	(void)state;
	assert_int_equal(script[STEP_DATA].when, WHEN_ACCEPTED);
	for (int step = 0; step < STEPS; step++)
		for (int h = 0; h < HEARDS; h++)
			if (script[step].on[h].next == STEP_BODY)
				assert_true(
				    step == STEP_DATA && h == HEARD_3YZ);
}

/*
 * D-36, D-37: behind the dot there is only a clear reply, which is the
 * message's verdict, or doubt; and nothing before the dot is doubt.  D-52,
 * D-53: the same with LMTP, for one recipient.
 */
static void
behind_the_dot_a_clear_reply_or_doubt(void **state)
{
	static const struct {
		enum step step;
		enum blame verdict;
	} ends[] = {{STEP_DOT, BLAME_MESSAGE}, {STEP_EACH, BLAME_RCPT}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct cell *dot = script[ends[i].step].on;

		assert_int_equal(dot[HEARD_2YZ].blame, ends[i].verdict);
		assert_int_equal(dot[HEARD_4YZ].blame, ends[i].verdict);
		assert_int_equal(dot[HEARD_5YZ].blame, ends[i].verdict);
		assert_int_equal(dot[HEARD_421].blame, ends[i].verdict);
		assert_int_equal(dot[HEARD_3YZ].blame, BLAME_DOUBT);
		assert_int_equal(dot[HEARD_GARBAGE].blame, BLAME_DOUBT);
		assert_int_equal(dot[HEARD_LOST].blame, BLAME_DOUBT);
	}
	for (int step = 0; step < STEP_DOT; step++)
		for (int h = 0; h < HEARDS; h++)
			assert_int_not_equal(
			    script[step].on[h].blame, BLAME_DOUBT);
}

/* D-15: only RSET, MAIL and RCPT may have something behind them in a flight. */
static void
only_rset_mail_and_rcpt_run_ahead(void **state)
{
	(void)state;
	for (int step = 0; step < STEPS; step++)
		assert_int_equal(script[step].ahead,
		    step == STEP_RSET || step == STEP_MAIL ||
			step == STEP_RCPT);
}

/* D-10: what waits has a time; D-40: QUIT changes nothing. */
static void
waits_have_times_and_quit_has_no_verdict(void **state)
{
	(void)state;
	for (int step = 0; step < STEPS; step++)
		if (script[step].act != ACT_CHECK &&
		    script[step].act != ACT_PROVE &&
		    script[step].act != ACT_CHOOSE)
			assert_int_not_equal(script[step].wait, WAIT_NONE);
	for (int h = 0; h < HEARDS; h++) {
		assert_int_equal(script[STEP_QUIT].on[h].blame, BLAME_NONE);
		assert_int_equal(script[STEP_QUIT].on[h].next, STEP_END);
	}
}

/* D-51: no row leads from LHLO to HELO, and EHLO is for SMTP alone. */
static void
lmtp_has_a_hello_of_its_own(void **state)
{
	(void)state;
	for (int h = 0; h < HEARDS; h++)
		assert_int_not_equal(script[STEP_LHLO].on[h].next, STEP_HELO);
	for (int step = STEP_EHLO; step <= STEP_DOT; step++)
		if (step == STEP_EHLO || step == STEP_DOT)
			assert_int_equal(script[step].when, WHEN_SMTP);
	assert_int_equal(script[STEP_EHLO].otherwise, STEP_LHLO);
	assert_int_equal(script[STEP_DOT].otherwise, STEP_EACH);
}

/* E-02, E-04: STARTTLS before the handshake only, and EHLO behind it. */
static void
starttls_leads_to_a_handshake_and_a_new_ehlo(void **state)
{
	(void)state;
	for (int step = 0; step < STEPS; step++)
		for (int h = 0; h < HEARDS; h++)
			if (script[step].on[h].next == STEP_SHAKE)
				assert_true(
				    step == STEP_STARTTLS && h == HEARD_2YZ);
	assert_int_equal(script[STEP_SHAKE].on[HEARD_2YZ].next, STEP_EHLO);
	for (int h = HEARD_3YZ; h < HEARDS; h++)
		assert_int_equal(script[STEP_SHAKE].on[h].next, STEP_END);
}

/*
 * F-18: no refusal of a login is final for the mail.  F-08, F-10: what breaks
 * it off is the host's doing.
 */
static void
a_login_fails_for_now(void **state)
{
	(void)state;
	for (int step = STEP_LOGIN; step <= STEP_ANSWER; step++)
		for (int h = 0; h < HEARDS; h++) {
			const struct cell *cell = &script[step].on[h];

			assert_true(cell->blame == BLAME_NONE ||
			    cell->blame == BLAME_HOST ||
			    cell->blame == BLAME_US);
		}
	assert_int_equal(script[STEP_LOGIN].on[HEARD_5YZ].blame, BLAME_US);
	assert_int_equal(script[STEP_AUTH].on[HEARD_4YZ].blame, BLAME_HOST);
	assert_int_equal(
	    script[STEP_ANSWER].on[HEARD_GARBAGE].blame, BLAME_HOST);
}

static void
put_cell(struct buf *b, const struct cell *cell)
{
	buf_printf(b, " Ta %s", script_step(cell->next));
	if (cell->blame != BLAME_NONE)
		buf_printf(b, " %s", script_blame(cell->blame));
}

/* The table in the manual is this table. */
static void
the_manual_shows_it(void **state)
{
	struct buf page;
	struct buf line;
	struct err e;

	(void)state;
	buf_init(&page, 1 << 20);
	buf_init(&line, 1000);
	assert_int_equal(file_read("man/hantar-smtp.7", &page, &e), 1);
	for (int step = 0; step < STEPS; step++) {
		buf_clear(&line);
		buf_printf(&line, "\n.It %s", script[step].name);
		for (int h = 0; h < HEARDS; h++)
			put_cell(&line, &script[step].on[h]);
		buf_byte(&line, '\n');
		if (strstr(page.p, line.p) == NULL)
			fail_msg("hantar-smtp(7) lacks the row%s", line.p);
	}
	buf_free(&line);
	buf_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_cell_is_empty),
	    cmocka_unit_test(every_step_is_reached),
	    cmocka_unit_test(every_path_ends),
	    cmocka_unit_test(no_end_without_blame),
	    cmocka_unit_test(data_only_with_an_accepted_recipient),
	    cmocka_unit_test(behind_the_dot_a_clear_reply_or_doubt),
	    cmocka_unit_test(only_rset_mail_and_rcpt_run_ahead),
	    cmocka_unit_test(waits_have_times_and_quit_has_no_verdict),
	    cmocka_unit_test(lmtp_has_a_hello_of_its_own),
	    cmocka_unit_test(starttls_leads_to_a_handshake_and_a_new_ehlo),
	    cmocka_unit_test(a_login_fails_for_now),
	    cmocka_unit_test(the_manual_shows_it),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
