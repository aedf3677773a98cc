/* SPDX-License-Identifier: BSD-2-Clause */
/* The SDK: the folder with board/<board>/board.xml and board/<board>/<config>/. */
#ifndef TOOL_SDK_H
#define TOOL_SDK_H

/**
 * The SDK's folder: `option` (of --sdk) when not NULL, else the environment's BULKHEAD_SDK, else
 * seen from the folder of this program `..` (an SDK's bin/) or `../sdk` (a build tree), where
 * there is a folder board/. The caller frees it; NULL when there is none.
 */
char *sdk_folder(const char *option);

/**
 * Path of a board's facts: `board` itself when it contains a '/', else
 * <sdk>/board/<board>/board.xml. The caller frees it. The file need not exist.
 */
char *sdk_board_file(const char *sdk, const char *board);

/** Print to standard error the boards that the SDK has, for somebody who named another. */
void sdk_print_boards(const char *sdk);

#endif
