/* Managed tensors of DLPack as views and arrays.
 *
 * A tensor comes from another library, so nothing in it is trusted but its pointers: device, type, rank, extents,
 * strides and address are looked at before a number is read. From the call on it is borrowed, and each way out
 * that keeps nothing of it releases it. */
#include "io/dlpack.h"

#include "array/strided.h"
#include "io/stored.h"

#include <stdio.h>
#include <string.h>

void ad_dlpack_release(ad_borrowed *borrowed)
{
    if (!borrowed)
        return;
    ad_borrowed b = *borrowed;
    *borrowed = (ad_borrowed){0};
    if (b.versioned && b.versioned->deleter)
        b.versioned->deleter(b.versioned);
    if (b.unversioned && b.unversioned->deleter)
        b.unversioned->deleter(b.unversioned);
}

/* ---- types ------------------------------------------------------------------------- */

/* Reads n numbers that lie `step` bytes apart, at any address, into contiguous ones. */
typedef void row_reader(size_t n, const char *from, int64_t step, void *to);

#define READER(name, stored, made, number)                               \
    static void name(size_t n, const char *from, int64_t step, void *to) \
    {                                                                    \
        for (size_t i = 0; i < n; i++) {                                 \
            stored x;                                                    \
            memcpy(&x, from + (int64_t)i * step, sizeof x);              \
            ((made *)to)[i] = number;                                    \
        }                                                                \
    }
READER(read_f32, float, float, x)
READER(read_f64, double, double, x)
READER(read_i32, int32_t, int32_t, x)
READER(read_i64, int64_t, int64_t, x)
READER(read_u8, uint8_t, uint8_t, x)
READER(read_bool, uint8_t, bool, x != 0)
READER(read_float16, uint16_t, float, ad_stored_widen(AD_STORED_F16, x))
READER(read_bfloat16, uint16_t, float, ad_stored_widen(AD_STORED_BF16, x))

/* A type of DLPack, and what it becomes. */
typedef struct kind {
    uint8_t code, bits;
    ad_type type;
    row_reader *read;
} kind;

static const kind *kind_of(const ad_dl_tensor *t)
{
    static const kind kinds[] = {
        {AD_DL_FLOAT, 32, AD_F32, read_f32},     {AD_DL_FLOAT, 64, AD_F64, read_f64},
        {AD_DL_INT, 32, AD_I32, read_i32},       {AD_DL_INT, 64, AD_I64, read_i64},
        {AD_DL_UINT, 8, AD_U8, read_u8},         {AD_DL_BOOL, 8, AD_BOOL, read_bool},
        {AD_DL_FLOAT, 16, AD_F32, read_float16}, {AD_DL_BFLOAT, 16, AD_F32, read_bfloat16},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (t->code == kinds[i].code && t->bits == kinds[i].bits && t->lanes == 1)
            return &kinds[i];
    return NULL;
}

static bool is_widened(const kind *k)
{
    return k->bits != 8 * ad_type_size(k->type);
}

/* By their codes. Names of the first ones go on with the number of bits. */
/* clang-format off */
static const char *const type_names[] = {
    "int", "uint", "float", "opaque", "bfloat", "complex", "bool", "float8_e3m4", "float8_e4m3",
    "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz",
    "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn"};
/* clang-format on */

static ad_status refuse_type(const ad_dl_tensor *t, ad_error *error)
{
    char text[64], lanes[32] = "";
    if (t->code >= sizeof type_names / sizeof *type_names)
        snprintf(text, sizeof text, "code %u with %u bits", t->code, t->bits);
    else if (t->code <= AD_DL_BOOL)
        snprintf(text, sizeof text, "%s%u", type_names[t->code], t->bits);
    else
        snprintf(text, sizeof text, "%s", type_names[t->code]);
    if (t->lanes != 1)
        snprintf(lanes, sizeof lanes, " in %u lanes", t->lanes);
    return ad_fail(error, AD_BAD_TYPE, "dlpack_import: adze has no numbers of type %s%s", text,
                   lanes);
}

static ad_status refuse_device(int32_t device, ad_error *error)
{
    static const char *const names[] = {
        "no device", "CPU",    "CUDA",    "CUDA host", "OpenCL",    NULL,        NULL,
        "Vulkan",    "Metal",  "VPI",     "ROCm",      "ROCm host", "extension", "CUDA managed",
        "oneAPI",    "WebGPU", "Hexagon", "MAIA",      "Trainium"};
    const int32_t known = sizeof names / sizeof *names;
    const char *name = device >= 0 && device < known && names[device] ? names[device] : "unknown";
    return ad_fail(error, AD_MISUSE,
                   "dlpack_import: the numbers are on a device of kind %ld (%s), and not in the "
                   "CPU's memory",
                   (long)device, name);
}

/* ---- looking at a tensor ------------------------------------------------------------- */

static const ad_dl_tensor *tensor_of(const ad_borrowed *b)
{
    return b->versioned ? &b->versioned->tensor : &b->unversioned->tensor;
}

/* What the tensor says of its shape. Where there is one number or none along an axis, its stride is never used, and may
 * be anything. */
static ad_status shape_of(const ad_dl_tensor *t, ad_type type, ad_view *v, ad_error *error)
{
    ad_shape shape = {t->ndim, {0}};
    size_t count;
    if (t->ndim < 0 || t->ndim > AD_MAX_RANK)
        return ad_fail(error, AD_BAD_SHAPE, "dlpack_import: rank %ld is not 0 to %d", (long)t->ndim,
                       (int)AD_MAX_RANK);
    if (t->ndim > 0 && !t->shape)
        return ad_fail(error, AD_MISUSE, "dlpack_import: there are %ld axes without extents",
                       (long)t->ndim);
    for (int i = 0; i < t->ndim; i++)
        shape.dim[i] = t->shape[i];
    *v = ad_view_of(type, t->data, shape);
    if (ad_shape_count(&shape, &count) != AD_OK || count == 0 || !t->strides || !t->data)
        return AD_OK; /* row by row, or for the caller to refuse */
    for (int i = 0; i < t->ndim; i++)
        if (shape.dim[i] > 1)
            v->stride[i] = t->strides[i];
    return AD_OK;
}

/* Where the numbers are. */
static ad_status place_of(const ad_dl_tensor *t, ad_view *v, ad_error *error)
{
    static const double nothing = 0; /* for arrays without numbers, so that they are arrays */
    char why[160], text[96];
    size_t count;
    v->data = t->data;
    ad_status status = ad_view_flaw(v, &count, why, sizeof why);
    if (status != AD_OK)
        return ad_fail(error, status, "dlpack_import(%s): %s",
                       ad_shape_print(&v->shape, text, sizeof text), why);
    if (t->byte_offset > PTRDIFF_MAX)
        return ad_fail(error, AD_TOO_LARGE,
                       "dlpack_import(%s): the offset does not fit the address space",
                       ad_shape_print(&v->shape, text, sizeof text));
    v->data = count ? (const char *)t->data + t->byte_offset : (const char *)&nothing;
    return AD_OK;
}

/* Sets the view and the kind of its numbers. Nothing but the version is read of a tensor of another version. */
static ad_status look_at(ad_borrowed *b, const kind **k, ad_error *error)
{
    if (!b->versioned && !b->unversioned)
        return ad_fail(error, AD_MISUSE, "dlpack_import: managed is NULL");
    if (b->versioned && b->versioned->major != AD_DL_MAJOR)
        return ad_fail(error, AD_MISUSE,
                       "dlpack_import: the tensor is of DLPack %lu.%lu, and adze reads 1.x",
                       (unsigned long)b->versioned->major, (unsigned long)b->versioned->minor);
    const ad_dl_tensor *t = tensor_of(b);
    if (t->device != AD_DL_CPU)
        return refuse_device(t->device, error);
    *k = kind_of(t);
    if (!*k)
        return refuse_type(t, error);
    ad_status status = shape_of(t, (*k)->type, &b->view, error);
    return status == AD_OK ? place_of(t, &b->view, error) : status;
}

/* Begins to run over the rows of a view. */
static bool first_row(ad_nest *nest, const ad_view *v)
{
    ad_nest_begin(nest, &v->shape);
    ad_nest_add(nest, &v->shape, v->stride);
    return ad_nest_start(nest);
}

/* ---- borrowing --------------------------------------------------------------------- */

/* C knows no bool that is neither 0 nor 1. */
static bool bools_are_good(const ad_view *v)
{
    const uint8_t *x = v->data;
    ad_nest nest;
    for (bool more = first_row(&nest, v); more; more = ad_nest_next(&nest))
        for (int64_t i = 0; i < nest.row; i++)
            if (x[nest.offset[0] + i * nest.step[0]] > 1)
                return false;
    return true;
}

/* Whether the numbers can be used where they lie. */
static ad_status fit_for_use(const ad_view *v, const kind *k, ad_error *error)
{
    char text[96];
    ad_shape_print(&v->shape, text, sizeof text);
    if (is_widened(k))
        return ad_fail(error, AD_BAD_TYPE,
                       "dlpack_import(%s): numbers of 16 bits can only be copied "
                       "(ad_dlpack_import_copy)",
                       text);
    if ((uintptr_t)v->data % ad_type_size(v->type))
        return ad_fail(error, AD_MISUSE,
                       "dlpack_import(%s): the address is no multiple of a number's %d bytes, so "
                       "they can only be copied (ad_dlpack_import_copy)",
                       text, (int)ad_type_size(v->type));
    if (v->type == AD_BOOL && !bools_are_good(v))
        return ad_fail(error, AD_DOMAIN, "dlpack_import(%s): a bool is neither 0 nor 1", text);
    return AD_OK;
}

static ad_status borrow(ad_borrowed b, ad_borrowed *borrowed, ad_error *error)
{
    const kind *k = NULL;
    ad_status status = borrowed ? look_at(&b, &k, error)
                                : ad_fail(error, AD_MISUSE, "dlpack_import: borrowed is NULL");
    if (status == AD_OK)
        status = fit_for_use(&b.view, k, error);
    if (status == AD_OK)
        *borrowed = b;
    else
        ad_dlpack_release(&b);
    return status;
}

ad_status ad_dlpack_import(struct DLManagedTensorVersioned *managed, ad_borrowed *borrowed,
                           ad_error *error)
{
    ad_borrowed b = {.versioned = managed};
    b.writable = managed && managed->major == AD_DL_MAJOR && !(managed->flags & AD_DL_READ_ONLY);
    return borrow(b, borrowed, error);
}

ad_status ad_dlpack_import_unversioned(struct DLManagedTensor *managed, ad_borrowed *borrowed,
                                       ad_error *error)
{
    return borrow((ad_borrowed){.unversioned = managed}, borrowed, error);
}

/* ---- copying ----------------------------------------------------------------------- */

static void read_numbers(const ad_view *v, const kind *k, void *to)
{
    int64_t size = k->bits / 8;
    char *target = to;
    ad_nest nest;
    for (bool more = first_row(&nest, v); more; more = ad_nest_next(&nest)) {
        const char *from = (const char *)v->data + nest.offset[0] * size;
        k->read((size_t)nest.row, from, nest.step[0] * size, target);
        target += (size_t)nest.row * ad_type_size(k->type);
    }
}

static ad_status copy(ad_borrowed b, const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    const kind *k = NULL;
    ad_status status =
        a ? look_at(&b, &k, error) : ad_fail(error, AD_MISUSE, "dlpack_import: a is NULL");
    if (status == AD_OK) {
        ad_array copied = ad_array_new(allocator, k->type, b.view.shape);
        if (copied.data) {
            read_numbers(&b.view, k, copied.data);
            *a = copied;
        } else
            status = ad_fail(error, AD_MEMORY, "dlpack_import: memory ran out");
    }
    ad_dlpack_release(&b);
    return status;
}

ad_status ad_dlpack_import_copy(const ad_allocator *allocator,
                                struct DLManagedTensorVersioned *managed, ad_array *a,
                                ad_error *error)
{
    return copy((ad_borrowed){.versioned = managed}, allocator, a, error);
}

ad_status ad_dlpack_import_copy_unversioned(const ad_allocator *allocator,
                                            struct DLManagedTensor *managed, ad_array *a,
                                            ad_error *error)
{
    return copy((ad_borrowed){.unversioned = managed}, allocator, a, error);
}
