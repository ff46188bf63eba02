/* SPDX-License-Identifier: ISC */
/*
 * pace: runs programs in turn and tells what each run took.
 *
 *	pace [-f FLOOD] [-l DIRECTORY] [-n ROUNDS] [-s SECONDS] [-t SECONDS]
 *
 * Standard input has a line for each program, its fields with tabs between:
 *
 *	name	how it is called below
 *	world	the mount namespace in which it runs, or "-" for this one
 *	rounds	in how many of the ROUNDS it takes part, evenly spread
 *	control	the sink's control socket
 *	until	when a run is over: "exit", or a number of transactions that the
 *		sink has to see after the program has ended; "exit+" and a
 *		number: at the end of the program, and nothing else begins
 *		before the sink has seen so many
 *	before	a program that prepares each run in that world, and is not
 *		measured; or "-"
 *	input	a file; or "|" and the options for FLOOD, which then writes
 *		through a pipe
 *	the program's path and arguments
 *
 * One round is one run of each, so that all of them meet the same weather; the
 * order is turned around every time.  No round begins -s seconds after the
 * start; -t kills a run that hangs.  What a program says goes to a file of its
 * name in DIRECTORY, of which the last run is kept.
 *
 * Each run becomes a line on standard output: name, number of the round, status
 * (128 and the signal that killed it, 124 if the sink got too little),
 * microseconds until it was over, microseconds of user and of system time, the
 * memory of its largest process in KiB, and what the sink counted meanwhile, as
 * its control socket has it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRAMS = 32, COUNTERS = 7, LOST = 124 };

struct program {
	const char *name;
	int world;
	unsigned long rounds;
	unsigned long transactions; /* to be waited for; 0: none */
	bool at_exit;		    /* and the run was over before */
	const char *before;
	const char *input;
	char **argv;
	int control;
};

struct counters {
	uint64_t n[COUNTERS];
};

struct run {
	int status;
	bool lost; /* the sink did not get what it should */
	int64_t ns;
	struct rusage used;
	struct counters before, after;
};

/* In the order in which the sink says them. */
static const char *const counters[COUNTERS] = {"connections", "transactions",
    "recipients", "bytes", "turns", "handshakes", "logins"};

extern char **environ;

static struct program programs[PROGRAMS];
static size_t program_count;
static const char *flood = "flood";
static const char *directory = ".";
static unsigned limit = 60;
static int home;		      /* our own mount namespace */
static volatile sig_atomic_t running; /* the process group */

static int64_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* ---------------------------------------------------------------- the sink */

static int
dial(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = (time_t)limit + 5};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(a.sun_path))
		errx(2, "%s: too long", path);
	memcpy(a.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0)
		err(1, "%s", path);
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* False: what was asked for does not happen. */
static bool
ask(int control, const char *question, uint64_t n, struct counters *c)
{
	char text[512];
	char *at = text;
	ssize_t r;

	(void)dprintf(control, "%s %" PRIu64 "\n", question, n);
	do
		r = read(control, text, sizeof(text) - 1);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return false;
	text[r] = '\0';
	for (size_t i = 0; i < COUNTERS; i++) {
		at = strstr(at, counters[i]);
		if (!at)
			errx(1, "the sink says %s", text);
		c->n[i] = strtoull(at + strlen(counters[i]), &at, 10);
	}
	return true;
}

/* ---------------------------------------------------------------- programs */

static char *
field(char **line)
{
	char *f = strsep(line, "\t");

	if (!f || *f == '\0')
		errx(2, "a field is missing");
	return f;
}

static int
open_world(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0)
		path = "/proc/self/ns/mnt";
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void
go_to(int world)
{
	if (setns(world, CLONE_NEWNS) != 0)
		err(1, "setns");
}

static void
read_until(struct program *p, const char *text)
{
	static const char exits[] = "exit";
	size_t n = sizeof(exits) - 1;

	p->at_exit = strncmp(text, exits, n) == 0;
	p->transactions = strtoul(p->at_exit ? text + n : text, NULL, 10);
}

static void
add_program(char *line)
{
	struct program *p = &programs[program_count++];
	size_t n = 0;

	if (program_count > PROGRAMS)
		errx(2, "too many programs");
	p->name = field(&line);
	p->world = open_world(field(&line));
	p->rounds = strtoul(field(&line), NULL, 10);
	p->control = dial(field(&line));
	read_until(p, field(&line));
	p->before = field(&line);
	p->input = field(&line);
	for (const char *c = line; c && *c; c++)
		n += *c == '\t';
	p->argv = calloc(n + 2, sizeof(*p->argv));
	if (!p->argv)
		err(1, NULL);
	for (size_t i = 0; i <= n; i++)
		p->argv[i] = field(&line);
}

static void
read_programs(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	/* The fields stay where they are: each line is a new one. */
	while ((n = getline(&line, &size, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		add_program(line);
		line = NULL;
		size = 0;
	}
}

static pid_t
spawn(char **argv, int input, int output, int log)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	pid_t pid;
	int e;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&how);
	(void)posix_spawn_file_actions_adddup2(&files, input, 0);
	(void)posix_spawn_file_actions_adddup2(&files, output, 1);
	(void)posix_spawn_file_actions_adddup2(&files, log, 2);
	(void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
	e = posix_spawn(&pid, argv[0], &files, &how, argv, environ);
	if (e != 0)
		errx(1, "%s: %s", argv[0], strerror(e));
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&how);
	return pid;
}

static int
open_log(const char *name)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* The end of a pipe that is filled; the writer ends when its reader does. */
static int
open_flood(const char *options, int log, pid_t *writer)
{
	char text[64];
	char *rest = text;
	char *argv[8];
	size_t n = 0;
	int ends[2];

	(void)snprintf(text, sizeof(text), "flood %s", options);
	while (n < 7 && (argv[n] = strsep(&rest, " ")))
		n++;
	argv[n] = NULL;
	argv[0] = strdup(flood);
	if (!argv[0] || pipe2(ends, O_CLOEXEC) != 0)
		err(1, "pipe");
	*writer = spawn(argv, STDIN_FILENO, ends[1], log);
	(void)close(ends[1]);
	free(argv[0]);
	return ends[0];
}

static void
kill_run(int signal_number)
{
	(void)signal_number;
	if (running > 0)
		(void)kill(-(pid_t)running, SIGKILL);
}

/* In its world, where we are. */
static void
prepare(const struct program *p, int log)
{
	char *argv[] = {strdup(p->before), NULL};
	int status;
	pid_t pid;

	if (!argv[0])
		err(1, NULL);
	pid = spawn(argv, STDIN_FILENO, log, log);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		errx(1, "%s failed", p->before);
	free(argv[0]);
}

static void
run_once(const struct program *p, struct run *r)
{
	int log = open_log(p->name);
	pid_t writer = 0;
	int input;
	pid_t pid;
	int64_t start;
	int64_t ended;

	if (strcmp(p->before, "-") != 0) {
		go_to(p->world);
		prepare(p, log);
		go_to(home);
	}
	if (!ask(p->control, "idle", 0, &r->before))
		errx(1, "the sink is never idle");
	if (p->input[0] == '|')
		input = open_flood(p->input + 1, log, &writer);
	else
		input = open(p->input, O_RDONLY | O_CLOEXEC);
	if (input < 0)
		err(1, "%s", p->input);
	(void)alarm(limit);
	go_to(p->world);
	start = now();
	pid = spawn(p->argv, input, log, log);
	(void)close(input);
	running = pid;
	while (wait4(pid, &r->status, 0, &r->used) < 0 && errno == EINTR)
		;
	running = 0;
	ended = now();
	go_to(home);
	if (p->transactions > 0 && r->status == 0) {
		r->lost = !ask(p->control, "wait",
		    r->before.n[1] + p->transactions, &r->after);
		ended = p->at_exit ? ended : now();
	}
	r->ns = ended - start;
	(void)alarm(0);
	if (writer > 0)
		(void)waitpid(writer, NULL, 0);
	if (!ask(p->control, "idle", 0, &r->after))
		errx(1, "%s: its connection stays open", p->name);
	/* Daemons still put away what they sent: not in another's time. */
	if (p->transactions > 0)
		(void)poll(NULL, 0, 50);
	(void)close(log);
}

static void
report(const struct program *p, unsigned long round, const struct run *r)
{
	const struct timeval *user = &r->used.ru_utime;
	const struct timeval *system = &r->used.ru_stime;
	int status = r->lost	     ? LOST
	    : WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status)
				     : WEXITSTATUS(r->status);

	(void)printf("%s\t%lu\t%d\t%.3f\t%" PRId64 "\t%" PRId64 "\t%ld",
	    p->name, round, status, (double)r->ns / 1000.0,
	    (int64_t)user->tv_sec * 1000000 + user->tv_usec,
	    (int64_t)system->tv_sec * 1000000 + system->tv_usec,
	    r->used.ru_maxrss);
	for (size_t i = 0; i < COUNTERS; i++)
		(void)printf("\t%" PRIu64, r->after.n[i] - r->before.n[i]);
	(void)printf("\n");
	(void)fflush(stdout);
}

/* Whether a program with so many rounds of all takes part in this one. */
static bool
takes_part(const struct program *p, unsigned long round, unsigned long all)
{
	unsigned long mine = p->rounds < all ? p->rounds : all;

	return (round * mine + all - 1) / all !=
	    ((round + 1) * mine + all - 1) / all;
}

int
main(int argc, char **argv)
{
	unsigned long rounds = 1;
	int64_t end = INT64_MAX;
	int option;

	while ((option = getopt(argc, argv, "f:l:n:s:t:")) != -1) {
		if (option == 'f')
			flood = optarg;
		else if (option == 'l')
			directory = optarg;
		else if (option == 'n')
			rounds = strtoul(optarg, NULL, 10);
		else if (option == 's')
			end = now() + strtoll(optarg, NULL, 10) * 1000000000;
		else if (option == 't')
			limit = (unsigned)strtoul(optarg, NULL, 10);
		else
			exit(2);
	}
	(void)sigaction(
	    SIGALRM, &(struct sigaction){.sa_handler = kill_run}, NULL);
	home = open_world("-");
	read_programs();
	for (unsigned long i = 0; i < rounds; i++) {
		for (size_t j = 0; j < program_count; j++) {
			size_t k = i % 2 == 0 ? j : program_count - 1 - j;
			struct run r = {0};

			if (!takes_part(&programs[k], i, rounds))
				continue;
			run_once(&programs[k], &r);
			report(&programs[k], i, &r);
		}
		if (now() > end)
			break;
	}
	return 0;
}
