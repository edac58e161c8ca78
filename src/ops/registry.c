/* Looking operations up by name: the tables of the files, and a user's own beside them. */
#include "adze/op.h"
#include "base/memory.h"
#include "ops/families.h"
#include "tape/apply.h"

#include <string.h>

/* ---- the built-in ones ------------------------------------------------------------- */

#define TABLE(table) table,
static const ad_op *const *const families[] = {AD_FAMILY_LIST(TABLE)};
#undef TABLE

const ad_op *ad_builtin_op(size_t i)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (const ad_op *const *op = families[f]; *op; op++)
            if (i-- == 0)
                return *op;
    return NULL;
}

const ad_op *ad_builtin_op_named(const char *name)
{
    const ad_op *op = NULL;
    for (size_t i = 0; name && (op = ad_builtin_op(i)); i++)
        if (strcmp(op->name, name) == 0)
            return op;
    return NULL;
}

/* ---- registries -------------------------------------------------------------------- */

/* uthash takes memory through these and must not exit when there is none. Every use of its
 * macros stands where `r` is the registry. */
#define uthash_malloc(bytes)       ad_memory_take(r->allocator, bytes)
#define uthash_free(memory, bytes) ad_memory_give(r->allocator, memory, bytes)
#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(item)  ((item)->op = NULL)

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#endif
#include <uthash.h>

typedef struct entry {
    const ad_op *op;
    UT_hash_handle hh;
} entry;

struct ad_registry {
    const ad_allocator *allocator;
    entry *entries;
};

/* Adds an entry to the hash. False when memory ran out. */
static bool insert(ad_registry *r, entry *e)
{
    HASH_ADD_KEYPTR(hh, r->entries, e->op->name, strlen(e->op->name), e);
    return e->op != NULL;
}

static entry *find(const ad_registry *r, const char *name)
{
    entry *e;
    HASH_FIND_STR(r->entries, name, e);
    return e;
}

static void clear(ad_registry *r)
{
    entry *e, *next;
    HASH_ITER(hh, r->entries, e, next)
    {
        HASH_DEL(r->entries, e);
        ad_memory_give(r->allocator, e, sizeof *e);
    }
}
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

ad_status ad_registry_add(ad_registry *r, const ad_op *op)
{
    if (!r || !op || op->size < AD_OP_FIRST_SIZE || !op->name || find(r, op->name))
        return AD_MISUSE;
    entry *e = ad_memory_take(r->allocator, sizeof *e);
    if (!e)
        return AD_MEMORY;
    *e = (entry){.op = op};
    if (insert(r, e))
        return AD_OK;
    ad_memory_give(r->allocator, e, sizeof *e);
    return AD_MEMORY;
}

ad_registry *ad_registry_new(const ad_allocator *allocator)
{
    ad_registry *r = ad_memory_take(allocator, sizeof *r);
    if (!r)
        return NULL;
    *r = (ad_registry){.allocator = allocator};
    ad_status status = AD_OK;
    const ad_op *op;
    for (size_t i = 0; status == AD_OK && (op = ad_builtin_op(i)); i++)
        status = ad_registry_add(r, op);
    if (status == AD_OK)
        return r;
    ad_registry_free(r);
    return NULL;
}

void ad_registry_free(ad_registry *r)
{
    if (!r)
        return;
    clear(r);
    ad_memory_give(r->allocator, r, sizeof *r);
}

const ad_op *ad_registry_find(const ad_registry *r, const char *name)
{
    const entry *e = r && name ? find(r, name) : NULL;
    return e ? e->op : NULL;
}
