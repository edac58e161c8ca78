/* Types of numbers, shapes, views and arrays.
 *
 * An array owns its numbers, which lie row by row without gaps; write to them as you like. A view
 * is read-only, never owns its numbers, and has strides: transposing, slicing and broadcasting
 * make views. Arrays and views do not depend on a tape. */
#ifndef ADZE_ARRAY_H
#define ADZE_ARRAY_H

#include "adze/memory.h"
#include "adze/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- number types ------------------------------------------------------------------- */

/* One row is one number type: its name, its C type, and whether it has derivatives. */
#define AD_TYPE_LIST(ROW)                                                                  \
    ROW(AD_F32, float, true)                                                               \
    ROW(AD_F64, double, true)                                                              \
    ROW(AD_I32, int32_t, false)  /* labels, indices */                                     \
    ROW(AD_I64, int64_t, false)                                                            \
    ROW(AD_U8, uint8_t, false)   /* images */                                              \
    ROW(AD_BOOL, bool, false)    /* masks */

#define AD_TYPE_NAME(name, ctype, floating) name,
typedef enum ad_type { AD_TYPE_LIST(AD_TYPE_NAME) AD_TYPE_COUNT } ad_type;
#undef AD_TYPE_NAME

AD_API const char *ad_type_text(ad_type type);  /* "f32"; never NULL */
AD_API size_t ad_type_size(ad_type type);       /* bytes of a number; 0 if there is no such type */
AD_API bool ad_type_is_float(ad_type type);     /* f32 and f64, the types with derivatives */

/* ---- shapes ------------------------------------------------------------------------- */

enum { AD_MAX_RANK = 8 };

typedef struct ad_shape {
    int rank;                  /* 0 to AD_MAX_RANK; 0 is a single number */
    int64_t dim[AD_MAX_RANK];  /* extents >= 0; dim[rank] and later ones are ignored */
} ad_shape;

/* AD_SHAPE(64, 784) is the shape of a matrix, AD_SCALAR that of a single number. */
#ifdef __cplusplus
} /* extern "C" */
template <typename... Extents> constexpr ad_shape ad_shape_from(Extents... extents)
{
    static_assert(sizeof...(extents) > 0, "extents are missing: AD_VECTOR(x), or AD_VIEW(x, 3, 4)");
    static_assert(sizeof...(extents) <= AD_MAX_RANK, "more than 8 extents");
    return ad_shape{(int)sizeof...(extents), {(int64_t)extents...}};
}
#define AD_SHAPE(...) ad_shape_from(__VA_ARGS__)
#define AD_SCALAR (ad_shape{0, {}})
extern "C" {
#else
/* "/ 1" changes no extent, but without extents there is nothing to divide: AD_VIEW(x) is an error. */
#define AD_SHAPE(...)                                                                      \
    ((ad_shape){(int)(sizeof((int64_t[]){__VA_ARGS__ / 1}) / sizeof(int64_t)), {__VA_ARGS__}})
#define AD_SCALAR ((ad_shape){0, {0}})
#endif

/* Multiplies the extents. AD_BAD_SHAPE for a bad rank or a negative extent; AD_TOO_LARGE if the
 * product, or its bytes in some number type, overflows. */
AD_API ad_status ad_shape_count(const ad_shape *shape, size_t *count);
AD_API bool ad_shape_equal(const ad_shape *a, const ad_shape *b);

/* Writes "[64, 784]" into text, cut to fit. Returns text. */
AD_API char *ad_shape_print(const ad_shape *shape, char *text, size_t size);

/* ---- views -------------------------------------------------------------------------- */

typedef struct ad_view {
    const void *data;             /* NULL: nothing to read */
    ad_type type;
    ad_shape shape;
    int64_t stride[AD_MAX_RANK];  /* in elements; 0 repeats */
} ad_view;

/* A view of numbers that lie row by row without gaps. data is NULL if the type or the shape is bad;
 * both stay in the view, for the message of the function that refuses it. */
AD_API ad_view ad_view_of(ad_type type, const void *data, ad_shape shape);
AD_API bool ad_view_is_contiguous(const ad_view *v);
AD_API size_t ad_view_count(const ad_view *v);

/* The i-th number, row by row, as a double. NaN if there is none. */
AD_API double ad_view_get(const ad_view *v, size_t i);

/* Views whose type comes from a pointer or an array of C:
 *
 *     AD_VIEW(numbers, 60000, 784)                            numbers row by row
 *     AD_VECTOR(x)                                            all of an array: double x[3]
 *     AD_VECTOR((double[]){1, 2, 3})
 *     AD_SHAPED(AD_SHAPE(2, 2), (double[]){1, 2, 3, 4})       all of an array, in a shape; data is
 *                                                             NULL if it has more or fewer numbers
 *     AD_VIEW_SCALAR(&number)                                 one number
 */
static inline AD_UNUSED ad_view ad_view_shaped(ad_type type, const void *data, size_t length,
                                               ad_shape shape)
{
    ad_view v = ad_view_of(type, data, shape);
    if (v.data && ad_view_count(&v) != length) {
        v.data = NULL;
        v.stride[0] = INT64_MIN + (int64_t)length; /* for the message: a view of nothing has no strides */
    }
    return v;
}
#ifdef __cplusplus
} /* extern "C" */
template <typename T> struct ad_type_of;
#define AD_TYPE_TRAIT(name, ctype, floating)                                               \
    template <> struct ad_type_of<ctype> {                                                 \
        static constexpr ad_type value = name;                                             \
    };
AD_TYPE_LIST(AD_TYPE_TRAIT)
#undef AD_TYPE_TRAIT
template <typename T> inline ad_view ad_view_from(const T *data, ad_shape shape)
{
    return ad_view_of(ad_type_of<T>::value, data, shape);
}
template <typename T, size_t n> inline ad_view ad_vector_from(const T (&array)[n])
{
    return ad_view_from(array, AD_SHAPE(n));
}
#define AD_VIEW(data, ...) ad_view_from((data), AD_SHAPE(__VA_ARGS__))
#define AD_VIEW_SCALAR(pointer) ad_view_from((pointer), AD_SCALAR)
#define AD_VECTOR(...) ad_vector_from(__VA_ARGS__)
template <typename T, size_t n> inline ad_view ad_shaped_from(ad_shape shape, const T (&array)[n])
{
    return ad_view_shaped(ad_type_of<T>::value, array, n, shape);
}
#define AD_SHAPED(shape, ...) ad_shaped_from(shape, __VA_ARGS__)
extern "C" {
#else
/* The number type of a pointer. */
#define AD_TYPE_OF(pointer)                                                                \
    _Generic((pointer),                                                                    \
        float *: AD_F32, const float *: AD_F32, double *: AD_F64, const double *: AD_F64,  \
        int32_t *: AD_I32, const int32_t *: AD_I32, int64_t *: AD_I64,                     \
        const int64_t *: AD_I64, uint8_t *: AD_U8, const uint8_t *: AD_U8, bool *: AD_BOOL, \
        const bool *: AD_BOOL)
#define AD_VIEW(data, ...) ad_view_of(AD_TYPE_OF(&*(data)), (data), AD_SHAPE(__VA_ARGS__))
#define AD_VIEW_SCALAR(pointer) ad_view_of(AD_TYPE_OF(pointer), (pointer), AD_SCALAR)
#define AD_VECTOR(...)                                                                     \
    ad_view_of(AD_TYPE_OF(&*(__VA_ARGS__)), (__VA_ARGS__), AD_SHAPE(AD_LENGTH_OF(__VA_ARGS__)))
#define AD_SHAPED(shape, ...)                                                              \
    ad_view_shaped(AD_TYPE_OF(&*(__VA_ARGS__)), (__VA_ARGS__), AD_LENGTH_OF(__VA_ARGS__), shape)
#if defined(__GNUC__)
/* The length of an array. Of a pointer, the size of an array of a negative length: an error. */
#define AD_LENGTH_OF(...)                                                                  \
    (sizeof(__VA_ARGS__) / sizeof *(__VA_ARGS__) +                                         \
     0 * sizeof(char[1 - 2 * __builtin_types_compatible_p(__typeof__(__VA_ARGS__),         \
                                                          __typeof__(&*(__VA_ARGS__)))]))
#else
#define AD_LENGTH_OF(...) (sizeof(__VA_ARGS__) / sizeof *(__VA_ARGS__))
#endif
#endif

/* ---- arrays ------------------------------------------------------------------------- */

typedef struct ad_array {
    void *data; /* NULL: no array (yet), or its allocation failed */
    ad_type type;
    ad_shape shape;
    const ad_allocator *allocator; /* NULL: the C library's */
} ad_array;

/* An array of zeros. data is NULL if memory ran out or the shape or type is bad. The array is
 * yours: end it with ad_array_free. ad_zeros takes its memory from the C library. */
AD_API AD_MUST_USE ad_array ad_array_new(const ad_allocator *allocator, ad_type type,
                                         ad_shape shape);
AD_API AD_MUST_USE ad_array ad_zeros(ad_type type, ad_shape shape);

/* Arrays that follow a rule, otherwise as ad_zeros makes them. data is also NULL if an integer type
 * cannot hold one of the numbers, or if begin, step, first or last is not finite, or step is 0.
 *
 *     ad_full       value everywhere
 *     ad_eye        a matrix [n, n] with 1 on its diagonal and 0 elsewhere
 *     ad_arange     begin, begin + step, ... up to but without end; empty if it lies the other way.
 *                   There are ceil((end - begin) / step) numbers
 *     ad_linspace   n numbers at equal distances, of which the first and the last are exact, and
 *                   none lies beyond them */
AD_API AD_MUST_USE ad_array ad_full(ad_type type, ad_shape shape, double value);
AD_API AD_MUST_USE ad_array ad_eye(ad_type type, int64_t n);
AD_API AD_MUST_USE ad_array ad_arange(ad_type type, double begin, double end, double step);
AD_API AD_MUST_USE ad_array ad_linspace(ad_type type, double first, double last, int64_t n);

/* A new array with the numbers of a view, converted to `type` as ad_cast does. data is
 * NULL on failure. */
AD_API AD_MUST_USE ad_array ad_array_copy(const ad_allocator *allocator, ad_type type,
                                          ad_view v);

AD_API void ad_array_free(ad_array *a); /* a may be NULL or hold nothing; leaves it empty */
AD_API ad_view ad_array_view(ad_array a);
AD_API size_t ad_array_count(const ad_array *a);

/* Copies the numbers of v into a. Types and shapes must be equal. v may share memory with a if its
 * numbers lie row by row, as memmove's may; AD_MISUSE if they do not. Writes nothing on failure. */
AD_API ad_status ad_array_write(ad_array *a, ad_view v, ad_error *error);

/* Sets the i-th number, row by row. AD_MISUSE if there is none; AD_DOMAIN if an integer type
 * cannot hold the value. Writes nothing on failure. */
AD_API ad_status ad_array_set(ad_array *a, size_t i, double value);

/* An array over memory of the caller's, in which results are to be written. Its numbers lie row by
 * row. ad_array_free does not release the memory. */
AD_API ad_array ad_array_of(ad_type type, void *data, ad_shape shape);

/* AD_ARRAY(numbers, 64, 784): an array over memory whose type comes from the pointer.
 * AD_ARRAY_SCALAR(&number): an array over one number. */
#ifdef __cplusplus
} /* extern "C" */
template <typename T> inline ad_array ad_array_from(T *data, ad_shape shape)
{
    return ad_array_of(ad_type_of<T>::value, data, shape);
}
#define AD_ARRAY(data, ...) ad_array_from((data), AD_SHAPE(__VA_ARGS__))
#define AD_ARRAY_SCALAR(pointer) ad_array_from((pointer), AD_SCALAR)
#else
#define AD_ARRAY(data, ...) ad_array_of(AD_TYPE_OF(&*(data)), (data), AD_SHAPE(__VA_ARGS__))
#define AD_ARRAY_SCALAR(pointer) ad_array_of(AD_TYPE_OF(pointer), (pointer), AD_SCALAR)
#endif

#endif
