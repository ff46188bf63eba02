/* SPDX-License-Identifier: ISC */
/*
 * A play: one case of a talk file, read.  What the world (lib/world.h) plays
 * and what the runner expects of hantar.  Plain values; all memory is the
 * pool's.  tests/talk/README is the manual of the form.
 */
#ifndef LIB_PLAY_H
#define LIB_PLAY_H

#include "base/buf.h"
#include "lines.h"

/* What a server does, line by line of its script. */
enum deed {
	DEED_SAY,     /* text, number times; 0: for ever */
	DEED_HEAR,    /* number commands that match text */
	DEED_MESSAGE, /* the message, up to its end; "any": unseen */
	DEED_PART,    /* the first number bytes of the message */
	DEED_CUT,     /* some of the message, but for its end; then EOF */
	DEED_DROP,    /* FIN */
	DEED_RESET,   /* RST */
	DEED_STALL,   /* nothing until the client closes, which says nothing */
	DEED_SINK,    /* the same, but takes whatever comes */
	DEED_FREEZE,  /* reads nothing more, for number ms */
	DEED_WAIT,    /* number ms */
	DEED_TINY,    /* from now on a segment a byte, */
	DEED_TRICKLE, /* or a byte every number ms, */
	DEED_WHOLE,   /* or as usual */
	DEED_TLS,     /* the handshake; text has options */
	DEED_REKEY,   /* number KeyUpdates that ask for one in return */
	DEED_RAW,     /* text beneath the encryption */
	DEED_NOTIFY,  /* close_notify */
	DEED_SERVE,   /* an easy server, up to QUIT; text has options */
	DEED_HELLO,   /* some bytes, whatever they are */
	DEED_SNI,     /* the name in the handshake was text */
	DEED_EOF,     /* the client closes, and said nothing more */
	DEED_GONE,    /* the client closes, whatever was still to be said */
};

struct step {
	struct step *next;
	const struct line *line;
	enum deed deed;
	struct str text;
	int64_t number;
};

/* How a host takes connections. */
enum service {
	SERVICE_SCRIPT,
	SERVICE_REFUSED, /* nothing listens */
	SERVICE_HOLE,	 /* packets to it vanish */
};

/* One connection to a host. */
struct script {
	struct script *next;
	const struct line *line;
	struct host *host;
	unsigned address; /* which of the host's addresses, from 0 */
	enum service service;
	bool maybe;	/* not a fault if nobody connects */
	unsigned times; /* for so many connections */
	struct step *steps;
};

struct host {
	struct host *next;
	struct str name;
	unsigned first; /* 127.0.0.first, and those behind it */
	unsigned addresses;
};

/* In an SRV record: that at which the servers of the world are. */
enum { PLAY_ANY_PORT = 65535 };

/* A resource record, or the way in which a question is not answered. */
struct rr {
	struct rr *next;
	const struct line *line;
	struct str name; /* without final dot */
	unsigned type;
	bool real; /* there is rdata */
	struct str data;
	unsigned rcode;
	unsigned drops; /* so many queries get no answer; UINT_MAX: all */
	int64_t delay;
	bool truncated, no_tcp, garbage, other_id, other_name, ad, lone;
};

/* What is expected of a recipient. */
struct verdict {
	struct verdict *next;
	const struct line *line;
	struct str path;
	int outcome;	     /* enum outcome */
	struct str enhanced; /* "" or "-": any */
	int code;	     /* -1: any */
	int blame;	     /* enum blame; -1: any */
	struct str at;	     /* host of the relay; "": any */
	struct str text;     /* pattern; "": any */
};

/* Anything else that is expected, or set: kind, and its words. */
enum note {
	NOTE_SHOW,
	NOTE_NOSHOW,
	NOTE_LOG,
	NOTE_NOLOG,
	NOTE_ORDER,
	NOTE_ASKED,
	NOTE_OPTION,
	NOTE_NOTIFY,
	NOTE_RET,
	NOTE_ENVID,
	NOTE_FAILS,
	NOTE_PENDING,
};

struct remark {
	struct remark *next;
	const struct line *line;
	enum note note;
	struct str text;
};

struct path {
	struct path *next;
	struct str text;
};

struct play {
	struct play *next;
	const struct line *line;
	struct str title;
	struct host *hosts;
	struct rr *zone;
	struct script *scripts;
	struct verdict *verdicts;
	struct remark *remarks;
	struct path *to; /* empty: those of the verdicts */
	struct str from;
	struct str message;  /* CRLF, not stuffed */
	struct str wire;     /* as it must arrive, dots and end of data too */
	int64_t least, most; /* virtual ms that it takes */
};

/* Reads a talk file into a list of plays. */
int play_read(const char *path, struct pool *, struct play **, struct err *);

/* Reads a text in the form of a talk file; name stands for it in faults. */
int play_text(const char *name, struct str text, struct pool *, struct play **,
    struct err *);

/* The number of a type of the DNS ("MX"); 0: there is none. */
unsigned play_type(struct str name);

#endif
