/* Files of models: one array for each field, in the format safetensors.
 *
 *     AD_MODEL(mlp, (dense, hidden), (dense, output));
 *     AD_MODEL_FILES(mlp);                       at file scope: declares mlp_save, mlp_load, ...
 *
 *     mlp_save("mlp.safetensors", &model, NULL, &error);
 *
 *     mlp model = {0};
 *     if (mlp_load("mlp.safetensors", &model, NULL, &error) != AD_OK) puts(error.text);
 *
 * The array of a field has the name of its path, in the spelling of PyTorch: layer[2].w is
 * "layer.2.w" in the file. Files with "layer[2].w" are read as well. The numbers keep adze's
 * order of axes: PyTorch's torch.nn.Linear has the transpose of an ad_dense's w (docs/nets.md,
 * "Weights from PyTorch and Keras").
 *
 * Loading gives all fields or none. An array that the model has already must have the file's
 * shape and type, and gets its numbers; where it has none, one is made. The names of the file
 * and those of the fields must be the same ones. */
#ifndef ADZE_IO_MODELS_H
#define ADZE_IO_MODELS_H

#include "adze/io/safetensors.h"
#include "adze/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL: as if all but size were 0. */
typedef struct ad_model_load_options {
    size_t size;             /* sizeof(ad_model_load_options) */
    const char *prefix;      /* the fields' names in the file begin so: "encoder."; others do not count */
    bool ignore_superfluous; /* the file may have arrays that are no fields */
    bool convert;            /* floats of other types become those of the model, as ad_cast makes them;
                                where it has no array, F16, BF16 and the like become f32 */
    const ad_allocator *allocator; /* of new arrays whose own field names none; NULL: the C library's */
} ad_model_load_options;

/* Writes the model to a file, whole or not at all (adze/io/writing.h). Every array must hold
 * numbers: AD_MISUSE, naming the field. AD_TOO_LARGE for a field whose path has 127 bytes or more; AD_FILE;
 * AD_CANCELLED; AD_MEMORY. */
AD_API AD_MUST_USE ad_status ad_model_save(const ad_tree *tree, const char *path,
                                           const void *model, const ad_write_options *options,
                                           ad_error *error);

/* Reads a model from a file. A model that starts as {0} gets arrays of the file's shapes and
 * types, which are yours: end them with m_free. On failure nothing is written. AD_FORMAT if the
 * file is malformed, an array is missing, or one is no field; AD_BAD_SHAPE or AD_BAD_TYPE if one
 * has another shape or type than the model's; each names file and field. AD_FILE; AD_MEMORY. */
AD_API AD_MUST_USE ad_status ad_model_load(const ad_tree *tree, const char *path, void *model,
                                           const ad_model_load_options *options, ad_error *error);

/* The same from a file that is open, or from bytes in memory (ad_safetensors_parse). */
AD_API AD_MUST_USE ad_status ad_model_load_file(const ad_tree *tree, const ad_safetensors *file,
                                                void *model, const ad_model_load_options *options,
                                                ad_error *error);

/* Puts a model's arrays on the tape as frozen leaves, as ad_model_freeze does, from an open file
 * and where they are: the system reads a page of the file when a kernel first touches it, and
 * processes that use the same file share it.
 *
 *     ad_safetensors *file = ad_safetensors_open("mlp.safetensors", NULL, &error);
 *     for (...) {
 *         mlp_tensors m = mlp_freeze_file(tape, file, NULL);
 *         ...
 *         ad_tape_reset(tape);
 *     }
 *     ad_safetensors_close(file);
 *
 * The tape borrows the file's numbers: keep it open until the reset, and let nobody write to it
 * meanwhile, as ad_safetensors_view says. Arrays that are not aligned in the file, or that are
 * converted, are read into the tape's memory at each call; files of adze and of Hugging Face's
 * libraries have none that are not aligned. A failure is on the tape, in the words of
 * ad_model_load. options->allocator serves what is read. */
AD_API void ad_model_freeze_file(const ad_tree *tree, ad_tape *t, const ad_safetensors *file,
                                 const ad_model_load_options *options, void *tensors);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* The typed functions of a model m. */
#define AD_MODEL_FILES(m)                                                                  \
    static inline AD_UNUSED ad_status m##_save(const char *path, const m *model,           \
                                               const ad_write_options *options, ad_error *error) \
    {                                                                                      \
        return ad_model_save(&m##_tree, path, model, options, error);                      \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_load(                                            \
        const char *path, m *model, const ad_model_load_options *options, ad_error *error) \
    {                                                                                      \
        return ad_model_load(&m##_tree, path, model, options, error);                      \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_load_file(const ad_safetensors *file, m *model,  \
                                                    const ad_model_load_options *options,  \
                                                    ad_error *error)                       \
    {                                                                                      \
        return ad_model_load_file(&m##_tree, file, model, options, error);                 \
    }                                                                                      \
    static inline AD_UNUSED m##_tensors m##_freeze_file(                                   \
        ad_tape *t, const ad_safetensors *file, const ad_model_load_options *options)      \
    {                                                                                      \
        m##_tensors x;                                                                     \
        ad_model_freeze_file(&m##_tree, t, file, options, &x);                             \
        return x;                                                                          \
    }                                                                                      \
    struct m##_tensors

#endif
