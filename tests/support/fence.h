/* Numbers beside a page that must not be touched. A file that includes this defines _GNU_SOURCE, for MAP_ANONYMOUS. */
#ifndef ADZE_TESTS_FENCE_H
#define ADZE_TESTS_FENCE_H

#include "adze/array.h"

#include <check.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct fenced {
    char *pages;
    size_t bytes; /* of all pages, the forbidden ones included */
    void *data;
} fenced;

/* Memory that ends where a forbidden page begins, or begins where one ends. */
static inline fenced fence(size_t bytes, bool below)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    size_t all = inner + 2 * page;
    char *pages = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(pages != MAP_FAILED);
    if (inner) /* qemu refuses an empty range */
        ck_assert_int_eq(mprotect(pages + page, inner, PROT_READ | PROT_WRITE), 0);
    return (fenced){pages, all, pages + page + (below ? 0 : inner - bytes)};
}

static inline void unfence(const fenced *f)
{
    munmap(f->pages, f->bytes);
}

static inline double get(ad_type type, const void *data, int64_t i)
{
    return type == AD_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

static inline void put(ad_type type, void *data, int64_t i, double x)
{
    if (type == AD_F32)
        ((float *)data)[i] = (float)x;
    else
        ((double *)data)[i] = x;
}

#endif
