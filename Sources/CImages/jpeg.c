/* JPEG through libjpeg-turbo. Its errors jump (longjmp) back to here and come out as codes; no jump leaves this file. */
#include "resize.h"

#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_AREA = 1 << 30, UNSUSPICIOUS_AREA = 1 << 24, PIXELS_PER_BYTE = 2000, EXIF_PREFIX = 6 };

typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf back;
  char *message;
} errors;

static void on_error(j_common_ptr jpeg) {
  errors *handler = (errors *)jpeg->err;
  char text[JMSG_LENGTH_MAX];
  handler->manager.format_message(jpeg, text);
  snprintf(handler->message, 128, "%s", text);
  longjmp(handler->back, 1);
}

static void on_message(j_common_ptr jpeg, int level) {
  errors *handler = (errors *)jpeg->err;
  if (level >= 0) return;
  char text[JMSG_LENGTH_MAX];
  handler->manager.format_message(jpeg, text);
  if (handler->manager.num_warnings++ == 0) snprintf(handler->message, 128, "%s", text);
}

static struct jpeg_error_mgr *start_errors(errors *handler, char *message) {
  jpeg_std_error(&handler->manager);
  handler->manager.error_exit = on_error;
  handler->manager.emit_message = on_message;
  handler->message = message;
  message[0] = 0;
  return &handler->manager;
}

/* A source that is all in memory and waits for more at its end. */
static void do_nothing(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean wait_for_more(j_decompress_ptr jpeg) {
  (void)jpeg;
  return FALSE;
}

static void skip_bytes(j_decompress_ptr jpeg, long count) {
  struct jpeg_source_mgr *source = jpeg->src;
  size_t left = source->bytes_in_buffer;
  size_t skipped = count <= 0 ? 0 : (size_t)count < left ? (size_t)count : left;
  source->next_input_byte += skipped;
  source->bytes_in_buffer -= skipped;
}

static void set_waiting_source(j_decompress_ptr jpeg, struct jpeg_source_mgr *source, const void *bytes, size_t count) {
  source->init_source = do_nothing;
  source->fill_input_buffer = wait_for_more;
  source->skip_input_data = skip_bytes;
  source->resync_to_restart = jpeg_resync_to_restart;
  source->term_source = do_nothing;
  source->next_input_byte = bytes;
  source->bytes_in_buffer = count;
  jpeg->src = source;
}

static uint8_t without_ink(int colour, int key) { return (uint8_t)(key - ((255 - colour) * key >> 8)); }

static void from_ink(const uint8_t *ink, size_t width, size_t channels, uint8_t *row) {
  for (size_t i = 0; i < width; i++, ink += 4, row += channels) {
    int red = without_ink(ink[0], ink[3]), green = without_ink(ink[1], ink[3]), blue = without_ink(ink[2], ink[3]);
    if (channels == 3) {
      row[0] = (uint8_t)blue;
      row[1] = (uint8_t)green;
      row[2] = (uint8_t)red;
    } else {
      row[0] = (uint8_t)((blue * 1868 + green * 9617 + red * 4899 + (1 << 13)) >> 14);
    }
  }
}

static int orientation_of(j_decompress_ptr jpeg) {
  for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1) continue;
    if (marker->data_length <= EXIF_PREFIX) return 1;
    return crema_exif_orientation(marker->data + EXIF_PREFIX, marker->data_length - EXIF_PREFIX);
  }
  return 1;
}

static int is_plausible(size_t width, size_t height, size_t count) {
  if (width == 0 || height == 0 || width > LARGEST_AREA / height) return 0;
  return width * height <= UNSUSPICIOUS_AREA || width * height / PIXELS_PER_BYTE <= count;
}

/* What decoding is asked for, and what it must give back. */
typedef struct {
  int mode, waits;
  size_t new_width, new_height;
  uint8_t *ink, *memory; /* a row of four colours, and of ... */
  uint8_t *row;          /* ... one that is resized as soon as it is read */
  crema_resizer resizer;
  int orientation;
} job;

/* Reads a row; says whether there was one. */
static int read_row(j_decompress_ptr jpeg, const crema_image *image, uint8_t *ink, uint8_t *target) {
  JSAMPROW line = ink ? ink : target;
  if (jpeg_read_scanlines(jpeg, &line, 1) == 0) return 0;
  if (ink) from_ink(ink, jpeg->image_width, image->channels, target);
  return 1;
}

/* Reads all rows; those that are missing repeat the one before. */
static int read_rows(j_decompress_ptr jpeg, crema_image *image, job *job) {
  size_t height = jpeg->image_height, stride = jpeg->image_width * image->channels;
  for (size_t row = 0; row < height; row++) {
    uint8_t *target = job->row ? job->row : image->pixels + row * stride;
    if (!read_row(jpeg, image, job->ink, target)) {
      if (row == 0) {
        snprintf(image->message, sizeof image->message, "the bytes end before the first row");
        return CREMA_IMAGE_DAMAGED;
      }
      if (jpeg->err->num_warnings++ == 0) {
        snprintf(image->message, sizeof image->message, "the bytes end after %zu of %zu rows", row, height);
      }
      if (!job->row) memcpy(target, target - stride, stride);
    }
    if (job->row) crema_resizer_add(&job->resizer, target, row);
  }
  return CREMA_IMAGE_OK;
}

/* Makes room for the image, in its own size or the one that is wanted, and for the rows on the way there. */
static int make_room(j_decompress_ptr jpeg, crema_image *image, job *job) {
  if (jpeg->num_components == 4) {
    job->ink = malloc(image->width * 4);
    if (!job->ink) return CREMA_IMAGE_NO_MEMORY;
  }
  size_t width = image->width, height = image->height, channels = image->channels;
  int resizes = job->orientation == 1 && job->new_width > 0 && (job->new_width != width || job->new_height != height);
  if (resizes) {
    image->width = job->new_width;
    image->height = job->new_height;
    job->memory = malloc(width * channels + 1);
    if (!job->memory) return CREMA_IMAGE_NO_MEMORY;
    job->row = job->memory + 1; /* aligned rows libjpeg-turbo would write past the caches */
  }
  image->pixels = malloc(image->width * image->height * channels);
  if (!image->pixels) return CREMA_IMAGE_NO_MEMORY;
  if (!resizes) return CREMA_IMAGE_OK;
  return crema_resizer_start(&job->resizer, width, height, channels, image->pixels, image->width, image->height);
}

/* The part that may jump: everything it must give back is in `image` and `job`. */
static int decode(j_decompress_ptr jpeg, errors *handler, const void *bytes, size_t count, crema_image *image,
                  job *job) {
  struct jpeg_source_mgr source;
  if (setjmp(handler->back)) return CREMA_IMAGE_DAMAGED;
  jpeg_create_decompress(jpeg);
  if (job->waits) {
    set_waiting_source(jpeg, &source, bytes, count);
  } else {
    jpeg_mem_src(jpeg, bytes, count);
  }
  jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
  if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK) ERREXIT(jpeg, JERR_INPUT_EOF);
  image->width = jpeg->image_width;
  image->height = jpeg->image_height;
  int keeps = job->mode == CREMA_IMAGE_UNCHANGED;
  image->channels = job->mode == CREMA_IMAGE_GRAY || (keeps && jpeg->num_components == 1) ? 1 : 3;
  if (!is_plausible(image->width, image->height, count)) return CREMA_IMAGE_TOO_LARGE;
  if (!keeps) job->orientation = orientation_of(jpeg);
  jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : image->channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR;
  int code = make_room(jpeg, image, job);
  if (code != CREMA_IMAGE_OK) return code;
  if (!jpeg_start_decompress(jpeg)) ERREXIT(jpeg, JERR_INPUT_EOF);
  return read_rows(jpeg, image, job);
}

int crema_jpeg_decode(const void *bytes, size_t count, int mode, int waits, size_t new_width, size_t new_height,
                      crema_image *image) {
  memset(image, 0, sizeof *image);
  struct jpeg_decompress_struct jpeg;
  memset(&jpeg, 0, sizeof jpeg);
  errors handler;
  job job = {mode, waits, new_width, new_height, .orientation = 1};
  jpeg.err = start_errors(&handler, image->message);
  int code = decode(&jpeg, &handler, bytes, count, image, &job);
  image->warnings = handler.manager.num_warnings;
  jpeg_destroy_decompress(&jpeg);
  crema_resizer_end(&job.resizer);
  free(job.ink);
  free(job.memory);
  if (code == CREMA_IMAGE_OK) code = crema_image_turn(image, job.orientation);
  if (code != CREMA_IMAGE_OK) {
    free(image->pixels);
    image->pixels = NULL;
  }
  return code;
}

static int encode(j_compress_ptr jpeg, errors *handler, const uint8_t *pixels, size_t width, size_t height,
                  size_t channels, int quality, unsigned char **bytes, unsigned long *count) {
  if (setjmp(handler->back)) return CREMA_IMAGE_DAMAGED;
  jpeg_create_compress(jpeg);
  jpeg_mem_dest(jpeg, bytes, count);
  jpeg->image_width = (JDIMENSION)width;
  jpeg->image_height = (JDIMENSION)height;
  jpeg->input_components = (int)channels;
  jpeg->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  jpeg_start_compress(jpeg, TRUE);
  for (size_t row = 0; row < height; row++) {
    JSAMPROW line = (JSAMPROW)(pixels + row * width * channels);
    jpeg_write_scanlines(jpeg, &line, 1);
  }
  jpeg_finish_compress(jpeg);
  return CREMA_IMAGE_OK;
}

int crema_jpeg_encode(const void *pixels, size_t width, size_t height, size_t channels, int quality,
                      crema_encoded *encoded) {
  memset(encoded, 0, sizeof *encoded);
  if ((channels != 1 && channels != 3) || width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION) {
    return CREMA_IMAGE_TOO_LARGE;
  }
  struct jpeg_compress_struct jpeg;
  memset(&jpeg, 0, sizeof jpeg);
  errors handler;
  unsigned char *bytes = NULL;
  unsigned long count = 0;
  jpeg.err = start_errors(&handler, encoded->message);
  int code = encode(&jpeg, &handler, pixels, width, height, channels, quality, &bytes, &count);
  jpeg_destroy_compress(&jpeg);
  if (code != CREMA_IMAGE_OK) {
    free(bytes);
    return code;
  }
  encoded->bytes = bytes;
  encoded->count = encoded->capacity = count;
  return code;
}
