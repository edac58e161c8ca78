/* A pool of threads that take the tasks of one job at a time.
 *
 * `ticket` holds the number of the job (upper half) and what is taken of it (lower half) in one word:
 * the number of the next task or, of few tasks, a bit for each. A thread takes a task by changing
 * the word, so it cannot take a task of a job that it has not seen. A thread that wakes late finds
 * nothing to do, and nobody waits for it. The caller works as the other threads do, and at the end
 * it waits only for tasks that were taken.
 *
 * Few tasks are kept for their threads, the first for the caller: where jobs go through the same
 * numbers, each core finds its share of them in its own cache. A thread that is done with its own
 * waits a little before it takes those of others. */
#define _POSIX_C_SOURCE 200809L
#include "base/pool.h"

#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    SPINS = 4096,   /* looks at a word before falling asleep: some ten microseconds */
    PATIENCE = 128, /* before taking a task that is kept for another: about one */
    FEW = 32        /* tasks that have a bit each in half a ticket */
};

struct ad_pool {
    const ad_allocator *allocator;
    int threads;
    pid_t process;
    pthread_mutex_t job; /* held by the tape that the pool works for */
    _Atomic(ad_task *) run;
    _Atomic(void *) user;
    _Atomic size_t tasks, done;
    _Atomic uint64_t ticket;
    _Atomic uint32_t asked; /* the last job when ad_pool_has_shared was asked */
    _Atomic bool ended;
    _Atomic int sleepers;
    pthread_mutex_t lock;
    pthread_cond_t new_job;  /* a new job, or the end */
    pthread_cond_t all_done; /* all tasks done */
    int started;
    struct ad_worker {
        ad_pool *pool;
        pthread_t thread;
        int number;
    } workers[]; /* [threads - 1] */
};

static void rest(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* ---- taking tasks ------------------------------------------------------------------ */

/* The next task of a job, where there is a ticket for it; false if there is none. */
static bool take_next(ad_pool *p, uint32_t job, size_t tasks, size_t *task)
{
    uint64_t ticket = atomic_load(&p->ticket);
    while (ticket >> 32 == job && (uint32_t)ticket < tasks)
        if (atomic_compare_exchange_weak(&p->ticket, &ticket, ticket + 1)) {
            *task = (uint32_t)ticket;
            return true;
        }
    return false;
}

/* The first free task of a range. */
static bool take_free(ad_pool *p, uint32_t job, size_t begin, size_t end, size_t *task)
{
    uint64_t ticket = atomic_load(&p->ticket);
    for (*task = begin; *task < end; ++*task)
        while (ticket >> 32 == job && !(ticket >> *task & 1))
            if (atomic_compare_exchange_weak(&p->ticket, &ticket, ticket | (uint64_t)1 << *task))
                return true;
    return false;
}

/* The first task that is kept for a worker, or for one that follows: task 0 is the caller's. */
static size_t first_kept(const ad_pool *p, size_t tasks, size_t worker)
{
    size_t threads = (size_t)p->threads;
    return (tasks * worker + threads - 1) / threads;
}

/* Of few tasks: one that is kept for the worker, else any that nobody takes while there is patience. */
static bool take_kept(ad_pool *p, uint32_t job, size_t tasks, int worker, int *patience,
                      size_t *task)
{
    size_t w = (size_t)worker;
    if (take_free(p, job, first_kept(p, tasks, w), first_kept(p, tasks, w + 1), task))
        return true;
    uint64_t all = ((uint64_t)1 << tasks) - 1;
    for (; *patience > 0; --*patience) {
        uint64_t ticket = atomic_load(&p->ticket);
        if (ticket >> 32 != job || (ticket & all) == all)
            return false;
        rest();
    }
    return take_free(p, job, 0, tasks, task);
}

/* Takes tasks of a job until there are none left. */
static void work_on(ad_pool *p, uint32_t job, int worker)
{
    ad_task *run = atomic_load(&p->run);
    void *user = atomic_load(&p->user);
    size_t tasks = atomic_load(&p->tasks), task;
    int patience = PATIENCE;
    while (tasks <= FEW ? take_kept(p, job, tasks, worker, &patience, &task)
                        : take_next(p, job, tasks, &task)) {
        run(user, task, worker);
        if (atomic_fetch_add(&p->done, 1) + 1 == tasks && atomic_load(&p->sleepers)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_broadcast(&p->all_done);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

static bool idle(ad_pool *p, uint32_t seen)
{
    return atomic_load(&p->ticket) >> 32 == seen && !atomic_load(&p->ended);
}

static void wait_for_job(ad_pool *p, uint32_t seen)
{
    for (int i = 0; i < SPINS && idle(p, seen); i++)
        rest();
    if (!idle(p, seen))
        return;
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1);
    while (idle(p, seen))
        pthread_cond_wait(&p->new_job, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->lock);
}

static void *serve(void *user)
{
    struct ad_worker *w = user;
    ad_pool *p = w->pool;
    for (uint32_t seen = 0; !atomic_load(&p->ended);) {
        wait_for_job(p, seen);
        seen = (uint32_t)(atomic_load(&p->ticket) >> 32);
        work_on(p, seen, w->number);
    }
    return NULL;
}

/* ---- giving them ------------------------------------------------------------------- */

static void wake(ad_pool *p)
{
    if (!atomic_load(&p->sleepers))
        return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->new_job);
    pthread_mutex_unlock(&p->lock);
}

static void wait_for_end(ad_pool *p, size_t tasks)
{
    for (int i = 0; i < SPINS && atomic_load(&p->done) < tasks; i++)
        rest();
    if (atomic_load(&p->done) == tasks)
        return;
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1);
    while (atomic_load(&p->done) < tasks)
        pthread_cond_wait(&p->all_done, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->lock);
}

static void run_alone(size_t tasks, ad_task *run, void *job)
{
    for (size_t i = 0; i < tasks; i++)
        run(job, i, 0);
}

void ad_pool_run(ad_pool *p, size_t tasks, ad_task *run, void *job)
{
    bool together = p && p->threads > 1 && tasks > 1 && tasks < UINT32_MAX &&
                    getpid() == p->process && pthread_mutex_trylock(&p->job) == 0;
    if (!together) {
        run_alone(tasks, run, job);
        return;
    }
    uint64_t number = atomic_load(&p->ticket) >> 32;
    atomic_store(&p->ticket, (number + 1) << 32 | UINT32_MAX); /* closed to those that come late */
    atomic_store(&p->done, 0);
    atomic_store(&p->tasks, tasks);
    atomic_store(&p->run, run);
    atomic_store(&p->user, job);
    atomic_store(&p->ticket, (number + 2) << 32);
    wake(p);
    work_on(p, (uint32_t)(number + 2), 0);
    wait_for_end(p, tasks);
    pthread_mutex_unlock(&p->job);
}

bool ad_pool_has_shared(ad_pool *p)
{
    uint32_t last = p ? (uint32_t)(atomic_load(&p->ticket) >> 32) : 0;
    return p && atomic_exchange(&p->asked, last) != last;
}

/* ---- the life of a pool ------------------------------------------------------------ */

static size_t size_of(int threads)
{
    return sizeof(ad_pool) + (size_t)(threads - 1) * sizeof(struct ad_worker);
}

/* Signals are for the user's own threads. */
static bool start_workers(ad_pool *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < p->threads - 1; i++) {
        struct ad_worker *w = &p->workers[i];
        *w = (struct ad_worker){.pool = p, .number = i + 1};
        if (pthread_create(&w->thread, NULL, serve, w) != 0)
            break;
        p->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p->started == p->threads - 1;
}

ad_pool *ad_pool_new(const ad_allocator *allocator, int threads)
{
    if (threads < 1 || threads > AD_MAX_THREADS)
        return NULL;
    ad_pool *p = ad_memory_take(allocator, size_of(threads));
    if (!p)
        return NULL;
    *p = (ad_pool){.allocator = allocator, .threads = threads, .process = getpid()};
    pthread_mutex_init(&p->job, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->new_job, NULL);
    pthread_cond_init(&p->all_done, NULL);
    if (start_workers(p))
        return p;
    ad_pool_free(p);
    return NULL;
}

void ad_pool_free(ad_pool *p)
{
    if (!p)
        return;
    if (getpid() == p->process) {
        atomic_store(&p->ended, true);
        wake(p);
        for (int i = 0; i < p->started; i++)
            pthread_join(p->workers[i].thread, NULL);
        pthread_cond_destroy(&p->new_job);
        pthread_cond_destroy(&p->all_done);
        pthread_mutex_destroy(&p->lock);
        pthread_mutex_destroy(&p->job);
    }
    ad_memory_give(p->allocator, p, size_of(p->threads));
}

int ad_pool_threads(const ad_pool *p)
{
    return p ? p->threads : 1;
}
