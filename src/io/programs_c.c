/* Programs written as C, into files. */
#include "adze/io/programs.h"
#include "io/sink.h"

#include <stdio.h>

/* First the texts are measured, then written, one file after the other. */
typedef struct text_files {
    const char *folder, *name;
    const ad_write_options *options;
    ad_error *error;
    ad_status status;
    uint64_t length[2]; /* of header and source */
    bool open;
    ad_program_text of; /* the open one */
    ad_sink sink;
    char path[AD_LONGEST_PATH]; /* the sink's as long as it is open */
} text_files;

static bool count(void *env, ad_program_text of, const char *text, size_t length)
{
    text_files *f = env;
    (void)text;
    f->length[of] += length;
    return true;
}

static void open_file(text_files *f, ad_program_text of)
{
    const char *suffix = of == AD_PROGRAM_HEADER ? "h" : "c";
    const int length = snprintf(f->path, sizeof f->path, "%s/%s.%s", f->folder, f->name, suffix);
    if (length < 0 || (size_t)length >= sizeof f->path)
        f->status = ad_fail(f->error, AD_FILE, "program_save_c: the path of %s.%s is too long",
                            f->name, suffix);
    else
        f->status =
            ad_sink_open(&f->sink, "program_save_c", f->path, f->length[of], f->options, f->error);
    f->open = f->status == AD_OK;
    f->of = of;
}

static void close_file(text_files *f)
{
    if (f->open)
        f->status = ad_sink_close(&f->sink, f->status);
    f->open = false;
}

static bool put(void *env, ad_program_text of, const char *text, size_t length)
{
    text_files *f = env;
    if (f->open && f->of != of)
        close_file(f);
    if (!f->open && f->status == AD_OK)
        open_file(f, of);
    if (f->open && f->status == AD_OK)
        f->status = ad_sink_write(&f->sink, text, length);
    return f->status == AD_OK;
}

ad_status ad_program_save_c(const ad_program *p, const char *folder, const char *name,
                            const ad_program_c_options *options, const ad_write_options *writing,
                            ad_error *error)
{
    text_files f = {.folder = folder, .name = name, .options = writing, .error = error};
    if (!folder)
        return ad_fail(error, AD_MISUSE, "program_save_c: the folder is NULL");
    ad_status status = ad_program_write_c(p, name, options, count, &f, error);
    if (status != AD_OK)
        return status;
    ad_error ignored = {AD_OK, ""}; /* f.error has the reason */
    status = ad_program_write_c(p, name, options, put, &f, &ignored);
    if (status != AD_OK && f.status == AD_OK)
        f.status = ad_fail(error, status, "%s", ignored.text);
    close_file(&f);
    return f.status;
}
