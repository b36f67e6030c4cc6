document.getElementById("script").style.background = "#c000c0";
