/* Files of programs (program.h).
 *
 *     ad_program_save(f, "arm.adzep", NULL, &error);
 *
 *     ad_program *f = ad_program_load("arm.adzep", NULL, &error);
 *
 * A program that is loaded computes the bits of the one that was saved, and so do its derivatives; its options
 * and the source lines of its guards are kept, too. Operations stand in a file by name: what a later version of
 * adze writes with operations that an earlier one knows, that one reads. The same program gives the same file, byte
 * for byte, on all machines. docs/files.md describes the format. */
#ifndef ADZE_IO_PROGRAMS_H
#define ADZE_IO_PROGRAMS_H

#include "adze/io/writing.h"
#include "adze/program/writing.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes p to a file, whole or not at all (adze/io/writing.h). AD_MISUSE if p or the path is NULL; AD_FILE;
 * AD_BUSY; AD_CANCELLED; AD_MEMORY. */
AD_API AD_MUST_USE ad_status ad_program_save(const ad_program *p, const char *path,
                                             const ad_write_options *options, ad_error *error);

/* The program of a file. It is yours: end it with ad_program_free. NULL on failure, and *error says why: AD_FILE;
 * AD_FORMAT for a file that is malformed, with the place; AD_TOO_LARGE; AD_MEMORY; AD_MISUSE if the path is
 * NULL. No file makes it crash, hang, or take more than a small multiple of the file's size of memory. */
AD_API AD_MUST_USE ad_program *ad_program_load(const char *path, const ad_allocator *allocator,
                                               ad_error *error);

/* The same for the bytes of a file in memory. Messages call it `name`. */
AD_API AD_MUST_USE ad_program *ad_program_parse(const void *bytes, size_t size, const char *name,
                                                const ad_allocator *allocator, ad_error *error);

/* Writes p as C: NAME.h and NAME.c in a folder, each whole or not at all. Errors: those of ad_program_write_c
 * and of writing a file. */
AD_API AD_MUST_USE ad_status ad_program_save_c(const ad_program *p, const char *folder,
                                               const char *name,
                                               const ad_program_c_options *options,
                                               const ad_write_options *writing, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
