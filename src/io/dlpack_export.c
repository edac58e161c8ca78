/* Arrays as managed tensors of DLPack.
 *
 * A tensor lies in one package with its extents, its strides and the array that it owns. The package is an array of
 * bytes itself: so it comes from the numbers' allocator, or from the C library where they are lent. */
#include "io/dlpack.h"

#include "array/strided.h"

typedef struct package {
    union {
        struct DLManagedTensorVersioned versioned;
        struct DLManagedTensor unversioned;
    } managed;
    int64_t extents[AD_MAX_RANK], strides[AD_MAX_RANK];
    ad_array numbers;
    ad_array memory; /* the package's own */
} package;

static void end_package(package *p)
{
    ad_array numbers = p->numbers, memory = p->memory;
    ad_array_free(&numbers);
    ad_array_free(&memory);
}

static void end_versioned(struct DLManagedTensorVersioned *self)
{
    if (self)
        end_package(self->manager_ctx);
}

static void end_unversioned(struct DLManagedTensor *self)
{
    if (self)
        end_package(self->manager_ctx);
}

static ad_status flaw_of(const ad_view *v, ad_error *error)
{
    char why[160], shape[96];
    size_t count;
    if (!ad_type_size(v->type))
        return ad_fail(error, AD_BAD_TYPE, "dlpack_export: there is no type %d", (int)v->type);
    ad_status status = ad_view_flaw(v, &count, why, sizeof why);
    if (status != AD_OK)
        ad_fail(error, status, "dlpack_export(%s): %s",
                ad_shape_print(&v->shape, shape, sizeof shape), why);
    return status;
}

/* A package that owns the array's numbers, and leaves the array empty. `managed` is where a tensor will go. */
static ad_status pack(ad_array *a, const void *managed, package **packed, ad_error *error)
{
    if (!managed)
        return ad_fail(error, AD_MISUSE, "dlpack_export: managed is NULL");
    if (!a || !a->data)
        return ad_fail(error, AD_MISUSE, "dlpack_export: there is no array");
    ad_view v = {.data = a->data, .type = a->type, .shape = a->shape};
    ad_status status = flaw_of(&v, error);
    if (status != AD_OK)
        return status;
    ad_array memory = ad_array_new(a->allocator, AD_U8, AD_SHAPE(sizeof(package)));
    package *p = memory.data;
    if (!p)
        return ad_fail(error, AD_MEMORY, "dlpack_export: memory ran out");
    p->numbers = *a;
    p->memory = memory;
    *a = (ad_array){0};
    *packed = p;
    return AD_OK;
}

/* Strides are given always, and data is NULL where there are no numbers: so DLPack asks for it. */
static void describe(package *p, ad_dl_tensor *tensor)
{
    static const uint8_t codes[] = {AD_DL_FLOAT, AD_DL_FLOAT, AD_DL_INT,
                                    AD_DL_INT,   AD_DL_UINT,  AD_DL_BOOL};
    _Static_assert(sizeof codes == AD_TYPE_COUNT, "a code for each type");
    ad_view v = ad_array_view(p->numbers);
    for (int i = 0; i < v.shape.rank; i++) {
        p->extents[i] = v.shape.dim[i];
        p->strides[i] = v.stride[i];
    }
    *tensor = (ad_dl_tensor){
        .data = ad_view_count(&v) ? p->numbers.data : NULL,
        .device = AD_DL_CPU,
        .ndim = v.shape.rank,
        .code = codes[v.type],
        .bits = (uint8_t)(8 * ad_type_size(v.type)),
        .lanes = 1,
        .shape = p->extents,
        .strides = p->strides,
    };
}

static ad_status export_versioned(ad_array *a, uint64_t flags,
                                  struct DLManagedTensorVersioned **managed, ad_error *error)
{
    package *p;
    ad_status status = pack(a, managed, &p, error);
    if (status != AD_OK)
        return status;
    *managed = &p->managed.versioned;
    **managed = (struct DLManagedTensorVersioned){AD_DL_MAJOR, AD_DL_MINOR, .manager_ctx = p,
                                                  .deleter = end_versioned, .flags = flags};
    describe(p, &p->managed.versioned.tensor);
    return AD_OK;
}

ad_status ad_dlpack_export(ad_array *a, unsigned flags, struct DLManagedTensorVersioned **managed,
                           ad_error *error)
{
    _Static_assert((int)AD_DLPACK_READ_ONLY == (int)AD_DL_READ_ONLY, "the flag is DLPack's");
    if (flags & ~(unsigned)AD_DLPACK_READ_ONLY)
        return ad_fail(error, AD_MISUSE, "dlpack_export: there are no flags %#x", flags);
    return export_versioned(a, flags, managed, error);
}

ad_status ad_dlpack_export_unversioned(ad_array *a, struct DLManagedTensor **managed,
                                       ad_error *error)
{
    package *p;
    ad_status status = pack(a, managed, &p, error);
    if (status != AD_OK)
        return status;
    *managed = &p->managed.unversioned;
    **managed = (struct DLManagedTensor){.manager_ctx = p, .deleter = end_unversioned};
    describe(p, &p->managed.unversioned.tensor);
    return AD_OK;
}

/* ---- copies ------------------------------------------------------------------------ */

static ad_status copy(const ad_allocator *allocator, ad_view v, ad_array *a, ad_error *error)
{
    ad_status status = flaw_of(&v, error);
    if (status != AD_OK)
        return status;
    *a = ad_view_count(&v) ? ad_array_copy(allocator, v.type, v)
                           : ad_array_new(allocator, v.type, v.shape);
    return a->data ? AD_OK : ad_fail(error, AD_MEMORY, "dlpack_export: memory ran out");
}

ad_status ad_dlpack_export_copy(const ad_allocator *allocator, ad_view v,
                                struct DLManagedTensorVersioned **managed, ad_error *error)
{
    ad_array a = {0};
    ad_status status = copy(allocator, v, &a, error);
    if (status == AD_OK)
        status = export_versioned(&a, AD_DL_IS_COPIED, managed, error);
    ad_array_free(&a);
    return status;
}

ad_status ad_dlpack_export_copy_unversioned(const ad_allocator *allocator, ad_view v,
                                            struct DLManagedTensor **managed, ad_error *error)
{
    ad_array a = {0};
    ad_status status = copy(allocator, v, &a, error);
    if (status == AD_OK)
        status = ad_dlpack_export_unversioned(&a, managed, error);
    ad_array_free(&a);
    return status;
}
