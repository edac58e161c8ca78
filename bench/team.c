/* A team of threads for the bare forms. A round has a number: a worker that sees a new one does its
 * part and counts itself out. Both sides spin for some microseconds before they sleep, for a step
 * of a small network is over by then. */
#define _POSIX_C_SOURCE 200809L
#include "bare.h"
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SPINS = 4000 };

typedef struct member {
    bare_team *team;
    int part;
    pthread_t thread;
} member;

struct bare_team {
    int threads, parts;
    bare_part *work;
    void *user;
    atomic_uint round, busy;
    atomic_bool over;
    pthread_mutex_t lock;
    pthread_cond_t started;
    member *members; /* [threads], the first of which is the caller */
};

static void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void wait_for_round(bare_team *team, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&team->round) != seen)
            return;
        pause_a_little();
    }
    pthread_mutex_lock(&team->lock);
    while (atomic_load(&team->round) == seen)
        pthread_cond_wait(&team->started, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

static void *serve(void *user)
{
    const member *m = user;
    bare_team *team = m->team;
    for (unsigned seen = 0;; seen++) {
        wait_for_round(team, seen);
        if (atomic_load(&team->over))
            return NULL;
        if (m->part < team->parts)
            team->work(team->user, m->part, team->parts);
        atomic_fetch_sub(&team->busy, 1);
    }
}

static void start_round(bare_team *team)
{
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->round, 1);
    pthread_cond_broadcast(&team->started);
    pthread_mutex_unlock(&team->lock);
}

bare_team *bare_team_new(int threads)
{
    bare_team *team = take(1, sizeof *team);
    team->threads = threads;
    team->members = take((size_t)threads, sizeof *team->members);
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->started, NULL);
    for (int i = 1; i < threads; i++) {
        member *m = &team->members[i];
        *m = (member){.team = team, .part = i};
        if (pthread_create(&m->thread, NULL, serve, m))
            fail("a thread cannot be made");
    }
    return team;
}

void bare_team_free(bare_team *team)
{
    atomic_store(&team->over, true);
    start_round(team);
    for (int i = 1; i < team->threads; i++)
        pthread_join(team->members[i].thread, NULL);
    pthread_cond_destroy(&team->started);
    pthread_mutex_destroy(&team->lock);
    free(team->members);
    free(team);
}

void bare_run(bare_team *team, int parts, bare_part *work, void *user)
{
    if (parts <= 1) {
        work(user, 0, 1);
        return;
    }
    team->parts = parts;
    team->work = work;
    team->user = user;
    atomic_store(&team->busy, (unsigned)team->threads - 1);
    start_round(team);
    work(user, 0, parts);
    for (int i = 0; atomic_load(&team->busy) > 0; i++) {
        pause_a_little();
        if (i > SPINS)
            sched_yield();
    }
}

int bare_threads(const bare_team *team)
{
    return team->threads;
}
