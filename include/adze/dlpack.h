/* Arrays from and to other libraries, in memory: DLPack, which NumPy, PyTorch, JAX and others speak.
 *
 * DLPack passes a pointer to a managed tensor: numbers with their type, shape and strides, and a function that ends
 * it, its deleter. There are two kinds of them. The versioned one can say that its numbers must not be written to;
 * the older one, without a version, cannot, and is the only one that JAX takes. Python puts them into capsules of the
 * names "dltensor_versioned" and "dltensor". The structs are those of DLPack's own header, dlpack.h, which you need
 * only to look inside. docs/files.md says more.
 *
 * A deleter runs on the thread that calls it. Any thread may call adze's. */
#ifndef ADZE_DLPACK_H
#define ADZE_DLPACK_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

struct DLManagedTensor;
struct DLManagedTensorVersioned;

/* ---- export ------------------------------------------------------------------------- */

/* Whoever gets the tensor is asked not to write to it. (NumPy obeys. PyTorch does not.) */
enum { AD_DLPACK_READ_ONLY = 1 };

/* Hands an array over: the tensor owns its numbers and leaves *a empty, and the deleter frees them with the array's
 * allocator. On failure *a and *managed are as before: AD_MISUSE, AD_BAD_TYPE, AD_BAD_SHAPE, AD_TOO_LARGE, AD_MEMORY.
 *
 * Memory of yours (ad_array_of) is lent, and stays yours: it must live until the deleter has been called. Lend no
 * numbers of a tape's leaf without AD_DLPACK_READ_ONLY, since the tape reads them again.
 *
 * JAX takes numbers as they are if their address is a multiple of 64, as that of an array from adze is, and copies
 * them otherwise. */
AD_API AD_MUST_USE ad_status ad_dlpack_export(ad_array *a, unsigned flags,
                                              struct DLManagedTensorVersioned **managed,
                                              ad_error *error);
AD_API AD_MUST_USE ad_status ad_dlpack_export_unversioned(ad_array *a,
                                                          struct DLManagedTensor **managed,
                                                          ad_error *error);

/* Exports a copy of the numbers of a view, in memory of the allocator. The tensor owns the copy; the view's numbers
 * are not needed any more, nor can they be changed through it. So a value of a tape leaves it by
 *
 *     ad_dlpack_export_copy(NULL, ad_read(y), &managed, &error)
 *
 * Errors as above. *managed is written only on success. */
AD_API AD_MUST_USE ad_status ad_dlpack_export_copy(const ad_allocator *allocator, ad_view v,
                                                   struct DLManagedTensorVersioned **managed,
                                                   ad_error *error);
AD_API AD_MUST_USE ad_status ad_dlpack_export_copy_unversioned(const ad_allocator *allocator,
                                                               ad_view v,
                                                               struct DLManagedTensor **managed,
                                                               ad_error *error);

/* ---- import ------------------------------------------------------------------------- */

/* A tensor of another library, borrowed. */
typedef struct ad_borrowed {
    ad_view view;  /* of its numbers, good until it is released */
    bool writable; /* it says that they may be written to; one without a version cannot say so */
    struct DLManagedTensorVersioned *versioned; /* what is to be released: one of the two */
    struct DLManagedTensor *unversioned;
} ad_borrowed;

/* Every function here takes the tensor, whether it succeeds or not: on failure its deleter has been called. (Rename a
 * capsule first: "used_dltensor_versioned", "used_dltensor".)
 *
 * Read are tensors in the CPU's memory of float32, float64, int32, int64, uint8 and bool, of DLPack 1.x or without
 * a version, with any strides. AD_MISUSE for another device or version and for missing numbers; AD_BAD_TYPE for
 * another type; AD_BAD_SHAPE for more than 8 axes or a negative extent; AD_TOO_LARGE where shape or strides do not fit
 * the address space; AD_DOMAIN for a bool that is neither 0 nor 1. */

/* Borrows a tensor: the numbers stay the other library's, and the view is good until ad_dlpack_release, which calls
 * the deleter. If you watch or freeze the view, reset the tape first. Meanwhile nobody must resize the tensor: PyTorch
 * moves its numbers then, and frees those that were borrowed. Also AD_MISUSE for numbers at an address that their type
 * cannot have; copy those. */
AD_API AD_MUST_USE ad_status ad_dlpack_import(struct DLManagedTensorVersioned *managed,
                                              ad_borrowed *borrowed, ad_error *error);
AD_API AD_MUST_USE ad_status ad_dlpack_import_unversioned(struct DLManagedTensor *managed,
                                                          ad_borrowed *borrowed, ad_error *error);

/* Calls the deleter, and leaves *borrowed empty. It may be NULL or empty. */
AD_API void ad_dlpack_release(ad_borrowed *borrowed);

/* Copies a tensor into a new array, and calls its deleter. The array is yours: end it with ad_array_free. Also read are
 * float16 and bfloat16, which become f32 without rounding, and numbers at any address; a bool that is not 0 becomes true.
 * Also AD_MEMORY. */
AD_API AD_MUST_USE ad_status ad_dlpack_import_copy(const ad_allocator *allocator,
                                                   struct DLManagedTensorVersioned *managed,
                                                   ad_array *a, ad_error *error);
AD_API AD_MUST_USE ad_status ad_dlpack_import_copy_unversioned(const ad_allocator *allocator,
                                                               struct DLManagedTensor *managed,
                                                               ad_array *a, ad_error *error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
