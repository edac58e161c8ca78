/* Looks operations up by name: in the tables of the files, and in a user's own. */
#include "adze/op.h"
#include "base/hash.h"
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

typedef struct entry {
    const ad_op *op;
    UT_hash_handle hh;
} entry;

struct ad_registry {
    const ad_allocator *allocator;
    entry *entries;
};

AD_HASH_BEGIN
/* Adds an entry to the hash. False when memory ran out. */
static bool insert(ad_registry *r, entry *e)
{
    const ad_allocator *allocator = r->allocator;
    HASH_ADD_KEYPTR(hh, r->entries, e->op->name, strlen(e->op->name), e);
    return ad_hashed(e);
}

static entry *find(const ad_registry *r, const char *name)
{
    entry *e;
    HASH_FIND_STR(r->entries, name, e);
    return e;
}

static void clear(ad_registry *r)
{
    const ad_allocator *allocator = r->allocator;
    entry *e, *next;
    HASH_ITER(hh, r->entries, e, next)
    {
        HASH_DEL(r->entries, e);
        ad_memory_give(allocator, e, sizeof *e);
    }
}
AD_HASH_END

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
