/* SPDX-License-Identifier: ISC */
#include "smtp/script.h"

/* clang-format off */
/* A cell: the next step, and who is to blame. */
#define C(next, blame) {true, STEP_##next, BLAME_##blame}

const struct row script[STEPS] = {
/*                  name        command       connection lost while ...
 *                  when           otherwise      act        wait           ahead
 *                  2yz               3yz               4yz               5yz
 *                  421               garbage           lost             */
[STEP_WRAP] =     { "WRAP", NULL, "shaking hands for TLS before the greeting",
                    WHEN_WRAPPED,  STEP_GREETING, ACT_SHAKE, WAIT_STARTTLS, false, {
                    C(GREETING, NONE), C(END, US),      C(END, HOST),     C(END, HOST),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_GREETING] = { "GREETING", NULL, "waiting for the greeting",
                    WHEN_ALWAYS,   STEP_END,      ACT_HEAR,  WAIT_GREETING, false, {
                    C(EHLO, NONE),    C(QUIT, HOST),    C(QUIT, HOST),    C(QUIT, HOST),
                    C(QUIT, HOST),    C(END, HOST),     C(END, HOST) } },
[STEP_EHLO] =     { "EHLO", "EHLO", "saying EHLO",
                    WHEN_SMTP,     STEP_LHLO,     ACT_SAY,   WAIT_EHLO,     false, {
                    C(STARTTLS, NONE), C(QUIT, HOST),   C(QUIT, HOST),    C(HELO, NONE),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_HELO] =     { "HELO", "HELO", "saying HELO",
                    WHEN_ALWAYS,   STEP_END,      ACT_SAY,   WAIT_EHLO,     false, {
                    C(SECURE, NONE),  C(QUIT, HOST),    C(QUIT, HOST),    C(QUIT, HOST),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_LHLO] =     { "LHLO", "LHLO", "saying LHLO",
                    WHEN_ALWAYS,   STEP_END,      ACT_SAY,   WAIT_EHLO,     false, {
                    C(STARTTLS, NONE), C(QUIT, HOST),   C(QUIT, HOST),    C(QUIT, HOST),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_STARTTLS] = { "STARTTLS", "STARTTLS", "saying STARTTLS",
                    WHEN_TLS,      STEP_SECURE,   ACT_SAY,   WAIT_STARTTLS, false, {
                    C(SHAKE, NONE),   C(QUIT, HOST),    C(SECURE, NONE),  C(SECURE, NONE),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_SHAKE] =    { "SHAKE", NULL, "shaking hands for TLS",
                    WHEN_ALWAYS,   STEP_END,      ACT_SHAKE, WAIT_STARTTLS, false, {
                    C(EHLO, NONE),    C(END, US),       C(END, HOST),     C(END, HOST),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_SECURE] =   { "SECURE", NULL, "comparing the channel with what is demanded",
                    WHEN_ALWAYS,   STEP_END,      ACT_PROVE, WAIT_NONE,     false, {
                    C(LOGIN, NONE),   C(QUIT, HOST),    C(QUIT, HOST),    C(QUIT, HOST),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_LOGIN] =    { "LOGIN", "AUTH", "choosing how to log in",
                    WHEN_LOGIN,    STEP_READY,    ACT_CHOOSE, WAIT_NONE,    false, {
                    C(AUTH, NONE),    C(QUIT, US),      C(QUIT, HOST),    C(QUIT, US),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_AUTH] =     { "AUTH", "AUTH", "saying AUTH",
                    WHEN_ALWAYS,   STEP_END,      ACT_AUTH,  WAIT_EHLO,     false, {
                    C(READY, NONE),   C(ANSWER, NONE),  C(QUIT, HOST),    C(LOGIN, NONE),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_ANSWER] =   { "ANSWER", "AUTH", "logging in",
                    WHEN_ALWAYS,   STEP_END,      ACT_AUTH,  WAIT_EHLO,     false, {
                    C(READY, NONE),   C(ANSWER, NONE),  C(QUIT, HOST),    C(LOGIN, NONE),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_READY] =    { "READY", NULL, "comparing what is offered with what is needed",
                    WHEN_MAIL,     STEP_QUIT,     ACT_CHECK, WAIT_NONE,     false, {
                    C(RSET, NONE),    C(QUIT, US),      C(QUIT, HOST),    C(NEXT, MESSAGE),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_RSET] =     { "RSET", "RSET", "saying RSET",
                    WHEN_UNSETTLED, STEP_MAIL,    ACT_SAY,   WAIT_MAIL,     true, {
                    C(MAIL, NONE),    C(QUIT, HOST),    C(QUIT, HOST),    C(QUIT, HOST),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_MAIL] =     { "MAIL", "MAIL FROM", "saying MAIL FROM",
                    WHEN_ALWAYS,   STEP_END,      ACT_SAY,   WAIT_MAIL,     true, {
                    C(RCPT, NONE),    C(QUIT, HOST),    C(NEXT, SENDER),  C(NEXT, SENDER),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_RCPT] =     { "RCPT", "RCPT TO", "saying RCPT TO",
                    WHEN_RCPT,     STEP_DATA,     ACT_SAY,   WAIT_RCPT,     true, {
                    C(RCPT, NONE),    C(QUIT, HOST),    C(RCPT, RCPT),    C(RCPT, RCPT),
                    C(END, HOST),     C(QUIT, HOST),    C(END, HOST) } },
[STEP_DATA] =     { "DATA", "DATA", "saying DATA",
                    WHEN_ACCEPTED, STEP_NEXT,     ACT_SAY,   WAIT_DATA,     false, {
                    C(QUIT, HOST),    C(BODY, NONE),    C(NEXT, MESSAGE), C(NEXT, MESSAGE),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_BODY] =     { "BODY", "DATA", "sending the message",
                    WHEN_ALWAYS,   STEP_END,      ACT_BODY,  WAIT_BLOCK,    false, {
                    C(DOT, NONE),     C(END, US),       C(END, MESSAGE),  C(END, MESSAGE),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_DOT] =      { "DOT", "end of DATA",
                    "sending end of data -- message may be sent more than once",
                    WHEN_SMTP,     STEP_EACH,     ACT_DOT,   WAIT_DOT,      false, {
                    C(NEXT, MESSAGE), C(QUIT, DOUBT),   C(NEXT, MESSAGE), C(NEXT, MESSAGE),
                    C(END, MESSAGE),  C(END, DOUBT),    C(END, DOUBT) } },
[STEP_EACH] =     { "EACH", "end of DATA",
                    "sending end of data -- message may be sent more than once",
                    WHEN_UNJUDGED, STEP_NEXT,     ACT_EACH,  WAIT_DOT,      false, {
                    C(EACH, RCPT),    C(QUIT, DOUBT),   C(EACH, RCPT),    C(EACH, RCPT),
                    C(EACH, RCPT),    C(END, DOUBT),    C(END, DOUBT) } },
[STEP_NEXT] =     { "NEXT", NULL, "turning to the next message",
                    WHEN_MORE,     STEP_QUIT,     ACT_NEXT,  WAIT_QUIT,     false, {
                    C(READY, NONE),   C(END, HOST),     C(END, HOST),     C(END, HOST),
                    C(END, HOST),     C(END, HOST),     C(END, HOST) } },
[STEP_QUIT] =     { "QUIT", "QUIT", "saying QUIT",
                    WHEN_ALWAYS,   STEP_END,      ACT_PART,  WAIT_QUIT,     false, {
                    C(END, NONE),     C(END, NONE),     C(END, NONE),     C(END, NONE),
                    C(END, NONE),     C(END, NONE),     C(END, NONE) } },
};
/* clang-format on */

const char *
script_heard(enum heard heard)
{
	static const char *const names[] = {
	    [HEARD_2YZ] = "2yz",
	    [HEARD_3YZ] = "3yz",
	    [HEARD_4YZ] = "4yz",
	    [HEARD_5YZ] = "5yz",
	    [HEARD_421] = "421",
	    [HEARD_GARBAGE] = "garbage",
	    [HEARD_LOST] = "lost",
	};

	return names[heard];
}

const char *
script_blame(enum blame blame)
{
	static const char *const names[] = {
	    [BLAME_NONE] = "-",
	    [BLAME_HOST] = "host",
	    [BLAME_SENDER] = "sender",
	    [BLAME_RCPT] = "rcpt",
	    [BLAME_MESSAGE] = "message",
	    [BLAME_US] = "us",
	    [BLAME_DOUBT] = "doubt",
	};

	return names[blame];
}

const char *
script_step(enum step step)
{
	return step == STEP_END ? "END" : script[step].name;
}
