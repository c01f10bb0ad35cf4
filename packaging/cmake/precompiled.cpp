// What a target needs to have precompiled headers; see Component.cmake.
