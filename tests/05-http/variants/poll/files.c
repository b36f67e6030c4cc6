typedef int all_of_it_is_in_httpd_c;
